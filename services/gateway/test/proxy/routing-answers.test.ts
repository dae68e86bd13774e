import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FakeServer, startFakeServer } from "../support/fake-agent.ts";
import { type GatewayUnderTest, listener, startGateway } from "../support/gateway-under-test.ts";
import { send } from "../support/http-client.ts";

const servers: FakeServer[] = [];
let named: GatewayUnderTest;
let withDefault: GatewayUnderTest;

beforeAll(async () => {
  const [one, two, any] = await Promise.all(
    ["one", "two", "any"].map((text) => startFakeServer((_, response) => response.end(text))),
  );
  servers.push(one!, two!, any!);
  const listeners = [
    listener("one", one!.address, {}, "one.localhost"),
    listener("two", two!.address, {}, "two.localhost"),
    listener("down", "127.0.0.1:9", {}, "down.localhost"),
  ];
  named = await startGateway({ binds: [{ listeners }] });
  withDefault = await startGateway({ binds: [{ listeners: [listener("any", any!.address), ...listeners] }] });
});
afterAll(async () => {
  await Promise.all([named.close(), withDefault.close()]);
  await Promise.all(servers.map((server) => server.close()));
});

describe("routing by host", () => {
  test.each([
    ["one.localhost", "one"],
    ["one.localhost:1", "one"],
    ["two.localhost:3000", "two"],
    ["One.localhost", undefined],
    ["one.localhost.", undefined],
    ["x.one.localhost", undefined],
    ["evil.test", undefined],
    ["127.0.0.1", undefined],
  ])("%s", async (host, agent) => {
    const { status, headers, body } = await send({ port: named.port, host, path: "/any/path?x=1" });
    expect([status, body]).toEqual(agent === undefined ? [404, "listener not found"] : [200, agent]);
    if (agent === undefined) expect(headers["content-type"]).toMatch(/^text\/plain/);
    expect((await send({ port: withDefault.port, host })).body).toBe(agent ?? "any");
  });

  test("an agent that is down is described without its address", async () => {
    const { status, body } = await send({ port: named.port, host: "down.localhost" });
    expect([status, body]).toEqual([503, expect.stringMatching(/^upstream call failed: (?!.*127\.0\.0\.1)/)]);
  });
});
