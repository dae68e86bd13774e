import type { ResourceOptions } from "aauth/resource";
import { expect, test, vi } from "vitest";
import {
  AgentHttpError,
  askAgent,
  createA2AServer,
  createAgentCard,
  createTextExecutor,
  readAgentCard,
} from "../src/index.ts";
import { again, createParties, RESOURCE } from "./parties.ts";

const skills = [{ id: "echo", name: "Echo", description: "Repeats", tags: [] }];
const cardOf = (name: string, url = `${RESOURCE}/`) =>
  createAgentCard({ name, description: "Says it again", version: "1.0.0", url, skills, extendedCard: true });

async function echo(over: { url?: string } & Pick<ResourceOptions, "observer"> = {}) {
  const parties = await createParties({ observer: over.observer });
  const answer = vi.fn(async ({ text, caller }) => {
    if (text === "fail") throw new Error("the inside of the agent");
    return `${caller?.person?.iss} said ${text}`;
  });
  parties.listen(
    await createA2AServer({
      resource: parties.resource,
      requirement: { level: "auth-token", scopes: ["data.read"] },
      card: cardOf("Echo", over.url),
      extendedCard: cardOf("Echo for you"),
      executor: createTextExecutor({ answer }),
    }),
  );
  return { ...parties, answer };
}

test.each(["0.3", "1.0"] as const)(
  "answers an agent that climbs to the auth token, in A2A %s",
  async (protocolVersion) => {
    const { agent } = await echo();
    const { fetchFor } = await agent("planner");
    expect(await askAgent(RESOURCE, "hello", { fetch: fetchFor(), protocolVersion })).toEqual({
      text: "https://ps.example said hello",
    });
  },
);

test("challenges an unsigned message, and never calls the executor", async () => {
  const { serve, answer } = await echo();
  const asked = askAgent(RESOURCE, "hello", { fetch: (url, init) => serve(new Request(url, init)) });
  await expect(asked).rejects.toBeInstanceOf(AgentHttpError);
  await expect(asked).rejects.toMatchObject({
    status: 401,
    answer: { refusal: { code: "missing_signature" } },
  });
  expect(answer).not.toHaveBeenCalled();
});

test("refuses a replayed message, a changed one, and one beyond 1 MiB", async () => {
  const parties = await echo();
  const { fetchFor } = await parties.agent("planner", { maxRequestBodyBytes: 2_000_000 });
  await askAgent(RESOURCE, "hello", { fetch: fetchFor() });
  const last = parties.sent.at(-1)!;
  expect((await again(parties, last)).status).toBe(401);
  expect((await again(parties, last, { body: last.body.replace("hello", "jello") })).status).toBe(401);
  const long = { method: "POST", body: "a".repeat(1_048_577) };
  expect((await fetchFor()(`${RESOURCE}/`, long)).status).toBe(413);
  expect(parties.answer).toHaveBeenCalledOnce();
});

test("serves the card to everyone, the extended card to proven callers", async () => {
  const { agent, serve } = await echo();
  const open: typeof fetch = (url, init) => serve(new Request(url, init));
  expect(await readAgentCard(RESOURCE, open)).toEqual({ name: "Echo", protocolVersion: "0.3.0" });
  const path = `${RESOURCE}/agent/authenticatedExtendedCard`;
  expect((await open(path)).status).toBe(401);
  const { fetchFor } = await agent("planner");
  const extended = await fetchFor()(path, { headers: { "a2a-version": "1.0" } });
  expect(await extended.json()).toMatchObject({ name: "Echo for you" });
});

test("serves the resource's documents, and no other path", async () => {
  const { serve } = await echo({ url: `${RESOURCE}/a2a` });
  const statusOf = async (path: string, init?: RequestInit) =>
    (await serve(new Request(`${RESOURCE}${path}`, init))).status;
  expect(await statusOf("/.well-known/aauth-resource.json")).toBe(200);
  expect(await statusOf("/", { method: "POST" })).toBe(404);
  expect(await statusOf("/a2a", { method: "POST" })).toBe(401);
  expect(await statusOf("/a2a")).toBe(404);
});

test("answers a body that is not JSON-RPC with an error under 200, and hides an error of the executor", async () => {
  const { agent } = await echo({ observer: () => {} });
  const { fetchFor } = await agent("planner");
  const send = async (body: string, type = "application/json") => {
    const headers = { "content-type": type };
    return (await fetchFor()(`${RESOURCE}/`, { method: "POST", headers, body })).json();
  };
  expect(await send("{")).toMatchObject({ error: { code: -32700 } });
  expect(await send('{"__proto__":{}}')).toMatchObject({ error: { code: -32700 } });
  expect(await send("{}")).toMatchObject({ error: { code: -32600 } });
  expect(await send("{}", "text/plain")).toMatchObject({ error: { code: -32005 } });
  await expect(askAgent(RESOURCE, "fail", { fetch: fetchFor() })).rejects.toMatchObject({
    rpcCode: -32603,
    message: expect.not.stringContaining("inside"),
  });
});
