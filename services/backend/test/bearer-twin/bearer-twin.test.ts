import type { BearerSide } from "backend-api";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type BearerTwin, createBearerTwin } from "../../src/bearer-twin/bearer-twin.ts";

let twin: BearerTwin;
beforeEach(() => {
  twin = createBearerTwin();
});
afterEach(() => {
  twin.close();
  vi.useRealTimers();
});

const originOf = (side: BearerSide | undefined) => new URL(side!.exchanges[0]!.request.url).origin;

test("a stolen token opens the report to the thief", async () => {
  const side = await twin.attack("stolen-token");
  expect(side).toMatchObject({ succeeded: true, status: 200 });
  const [agent, thief] = side!.exchanges;
  expect([agent?.sender, thief?.sender]).toEqual(["agent", "thief"]);
  expect(thief?.response.body).toContain("confidential");
  expect(thief?.request.headers.authorization).toBe(agent?.request.headers.authorization);
});

test("a repeated request orders again", async () => {
  const side = await twin.attack("replay");
  expect(side).toMatchObject({ succeeded: true, status: 201 });
  const [first, second] = side!.exchanges.map(({ response }) => JSON.parse(response.body));
  expect(second.order).toBe(first.order + 1);
  expect(side!.exchanges[1]?.request).toEqual(side!.exchanges[0]?.request);
});

test("one changed byte turns 25 into 2500", async () => {
  const side = await twin.attack("changed-body");
  expect(side).toMatchObject({ succeeded: true, status: 201 });
  const [honest, changed] = side!.exchanges.map(({ request }) => Buffer.from(request.body!));
  expect(honest!.length).toBe(changed!.length);
  expect(honest!.filter((byte, at) => byte !== changed![at])).toHaveLength(1);
  expect(JSON.parse(side!.exchanges[1]!.response.body)).toMatchObject({ quantity: 2500 });
});

test("other attempts have no twin", async () => {
  expect(await twin.attack("stale")).toBeUndefined();
});

test("one listener serves five minutes, and the next attack opens another", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const first = await twin.attack("replay");
  vi.advanceTimersByTime(200_000);
  expect(originOf(await twin.attack("stolen-token"))).toBe(originOf(first));
  vi.advanceTimersByTime(100_000);
  const next = await twin.attack("stolen-token");
  expect(next?.succeeded).toBe(true);
  expect(originOf(next)).not.toBe(originOf(first));
  const { url, headers } = next!.exchanges[0]!.request;
  twin.close();
  await vi.waitFor(() => expect(fetch(url, { headers })).rejects.toThrow());
});
