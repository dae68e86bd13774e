import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { apiErrorSchema, runTraceSchema } from "backend-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ScriptedStack, startScriptedStack } from "../scripted-stack.ts";

let stack: ScriptedStack;
let store: Server;
let storeUrl: string;
beforeEach(async () => {
  store = createServer((_request, response) => response.end('{"data":[]}'));
  await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
  storeUrl = `http://127.0.0.1:${(store.address() as AddressInfo).port}`;
});
afterEach(async () => {
  store.close();
  await stack?.close();
});

const start = (env: Record<string, string> = {}) =>
  startScriptedStack({ env: { AAUTH_TRACE_QUERY_URL: storeUrl, ...env } });
const runOf = async (sub: string) =>
  (await stack.call(sub, "POST", "/optimization/start", {})).body.request_id as string;

describe("GET /optimization/{id}/trace", () => {
  it("is the owner's alone", async () => {
    stack = await start();
    const id = await runOf("alice");
    expect((await stack.call("bob", "GET", `/optimization/${id}/trace`)).status).toBe(404);
    const { status, body } = await stack.call("alice", "GET", `/optimization/${id}/trace`);
    expect(status).toBe(200);
    expect(runTraceSchema.parse(body)).toMatchObject({ request_id: id, growing: true });
  });

  it("offers no attempts unless the backend runs in demo mode", async () => {
    stack = await start();
    const id = await runOf("alice");
    expect((await stack.call("alice", "GET", `/optimization/${id}/trace`)).body.break_it).toBeUndefined();
    expect((await stack.call("alice", "POST", `/optimization/${id}/break-it/replay`)).status).toBe(404);
  });
});

describe("POST /optimization/{id}/break-it/{variant}", () => {
  it("sends an attack, which the agent refuses", async () => {
    stack = await start({ AAUTH_BREAK_IT: "true" });
    const id = await runOf("alice");
    const { status, body } = await stack.call("alice", "POST", `/optimization/${id}/break-it/replay`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ variant: "replay", outcome: "refused", as_meant: true });
  });

  it("is 502 with the target's name and a code when no answer comes", async () => {
    stack = await start({ AAUTH_BREAK_IT: "true" });
    const id = await runOf("alice");
    await stack.stopAgent();
    const { status, body } = await stack.call("alice", "POST", `/optimization/${id}/break-it/stale`);
    expect(status).toBe(502);
    expect(apiErrorSchema.parse(body)).toEqual({
      detail: `No response from ${stack.agentUrl}, the address of the supply-chain agent (connection_refused).`,
      code: "connection_refused",
    });
    // The failed attempt does not block the next one.
    expect((await stack.call("alice", "POST", `/optimization/${id}/break-it/stale`)).status).toBe(502);
  });

  it("is the owner's alone, for known variants only", async () => {
    stack = await start({ AAUTH_BREAK_IT: "true" });
    const id = await runOf("alice");
    const before = stack.seen.length;
    expect((await stack.call("bob", "POST", `/optimization/${id}/break-it/replay`)).status).toBe(404);
    expect((await stack.call("alice", "POST", `/optimization/${id}/break-it/nonsense`)).status).toBe(422);
    expect(stack.seen).toHaveLength(before);
  });

  it("is one at a time for each user", async () => {
    stack = await start({ AAUTH_BREAK_IT: "true" });
    const id = await runOf("alice");
    const { promise: answered, resolve: answer } = Promise.withResolvers<string>();
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>();
    stack.script.answer = () => {
      isAsked();
      return answered;
    };
    const first = stack.call("alice", "POST", `/optimization/${id}/break-it/replay`);
    await asked;
    expect((await stack.call("alice", "POST", `/optimization/${id}/break-it/stale`)).status).toBe(429);
    answer("# Done");
    expect((await first).body).toMatchObject({ code: "nonce_replayed" });
    expect((await stack.call("alice", "POST", `/optimization/${id}/break-it/stale`)).status).toBe(200);
  });

  it("says why something cannot be tried, and does not try it", async () => {
    stack = await start({ AAUTH_BREAK_IT: "true" });
    stack.script.requirement = { level: "identified" };
    const id = await runOf("alice");
    const { body } = await stack.call("alice", "GET", `/optimization/${id}/trace`);
    expect(body.break_it).toContainEqual({ variant: "stale" });
    expect(body.break_it).toContainEqual({ variant: "stolen-token", unavailable: expect.any(String) });
    const { status } = await stack.call("alice", "POST", `/optimization/${id}/break-it/stolen-token`);
    expect(status).toBe(409);
  });
});
