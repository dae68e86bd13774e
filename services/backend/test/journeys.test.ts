import { setTimeout as pause } from "node:timers/promises";
import { progressSchema, resultsSchema, startReplySchema } from "backend-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ScriptedStack, startScriptedStack } from "./scripted-stack.ts";

let stack: ScriptedStack;
beforeEach(async () => {
  stack = await startScriptedStack();
});
afterEach(() => stack.close());

const start = (sub: string, prompt: string) =>
  stack.call(sub, "POST", "/optimization/start", { custom_prompt: prompt });
const progress = async (sub: string, id: string) =>
  (await stack.call(sub, "GET", `/optimization/progress/${id}`)).body;

/** Follows the event stream to its end and returns the last state. */
async function ending(sub: string, id: string) {
  const { body } = await stack.call(sub, "GET", `/optimization/progress/${id}/events`);
  const events = String(body).trim().split("\n\n");
  return progressSchema.parse(JSON.parse(events.at(-1)!.split("\ndata: ")[1]!));
}

describe("journey 1: a signed request is enough", () => {
  beforeEach(() => {
    stack.script.requirement = { level: "identified" };
  });

  it("answers completed, with progress and results", async () => {
    const { status, body } = await start("alice", "hello");
    expect(status).toBe(200);
    expect(startReplySchema.parse(body)).toEqual({
      request_id: body.request_id,
      status: "completed",
      message: "Optimization completed",
    });
    expect(stack.seen).toEqual([{ party: "agent", what: "hello.", scheme: "jwks", subject: undefined }]);

    const state = progressSchema.parse(await progress("alice", body.request_id));
    expect(state).toMatchObject({ status: "completed", progress_percentage: 100 });
    expect(state.activities.map(({ action }) => action)).toEqual([
      "supply_chain_optimization",
      "request_signed",
      "response_received",
    ]);
    const results = await stack.call("alice", "GET", `/optimization/results/${body.request_id}`);
    expect(resultsSchema.parse(results.body)).toMatchObject({
      recommendations: [],
      reasoning: [{ decision: "Echo", rationale: "hello." }],
    });
  });
});

describe("journey 2: challenge, auth token, retry", () => {
  it("receives a token and repeats the request, in one start", async () => {
    const { body } = await start("alice", "hello");
    expect(body).toMatchObject({ status: "completed" });
    expect(stack.seen).toEqual([
      { party: "agent", what: "challenge", scheme: "jwks" },
      { party: "auth-server", what: "auth", scheme: "jwks" },
      { party: "agent", what: "hello.", scheme: "jwt", subject: undefined },
    ]);
    const { activities } = await progress("alice", body.request_id);
    expect(activities.map(({ action }: { action: string }) => action)).toEqual([
      "supply_chain_optimization",
      "request_signed",
      "challenge_received",
      "token_requested",
      "token_received",
      "request_retried",
      "request_signed",
      "response_received",
    ]);
    expect(activities[0].delegation).toEqual({
      sub: "alice",
      aud: stack.agentUrl,
      scope: "supply-chain:optimize",
      act: null,
    });
  });

  it("asks for a token in every run, unless tokens may be used again", async () => {
    await start("alice", "one");
    await start("alice", "two");
    expect(stack.seen.filter(({ party }) => party === "auth-server")).toHaveLength(2);

    await stack.close();
    stack = await startScriptedStack({ env: { AAUTH_AUTH_TOKEN_CACHE_TTL: "60" } });
    await start("alice", "one");
    await start("alice", "two");
    await start("bob", "three");
    expect(stack.seen.filter(({ party }) => party === "auth-server")).toHaveLength(2);
    expect(stack.seen.filter(({ what }) => what === "challenge")).toHaveLength(2);
  });
});

describe("journey 3: consent", () => {
  beforeEach(() => {
    stack.script.grant = "consent";
  });

  async function consentAs(sub: string) {
    const { body } = await start("alice", "hello");
    stack.script.consentingUser = sub;
    const { code, state } = stack.consentTo(body.consent_url);
    const url = `/auth/aauth/callback?${new URLSearchParams({ code, state })}`;
    return { id: body.request_id as string, url, callback: await stack.app.inject({ url }) };
  }

  it("asks the user, then continues the same run", async () => {
    const { id, callback } = await consentAs("alice");
    expect(callback.statusCode).toBe(302);
    expect(callback.headers.location).toBe(`http://localhost:3050/?aauth_authorized=1&request_id=${id}`);
    expect(callback.headers["cache-control"]).toBe("no-store");
    expect(await ending("alice", id)).toMatchObject({ request_id: id, status: "completed" });
    expect(stack.seen).toEqual([
      { party: "agent", what: "challenge", scheme: "jwks" },
      { party: "auth-server", what: "auth", scheme: "jwks" },
      { party: "auth-server", what: "code", scheme: "jwks" },
      { party: "agent", what: "hello.", scheme: "jwt", subject: "alice" },
    ]);
  });

  it("shows the granted access, and revokes it at the auth server", async () => {
    const { id } = await consentAs("alice");
    expect((await ending("alice", id)).consent).toEqual({
      agent: "http://backend.localhost:8000",
      resource: stack.agentUrl,
      scopes: ["supply-chain:optimize"],
      granted_at: expect.any(String),
      expires_at: expect.any(String),
      revocable: true,
    });
    const revoke = (sub: string) => stack.call(sub, "DELETE", "/optimization/consent");

    await expect(revoke("bob")).resolves.toMatchObject({ status: 200, body: { cleared: 0 } });
    stack.script.revocation = "broken";
    await expect(revoke("alice")).resolves.toMatchObject({ status: 502 });
    expect((await progress("alice", id)).consent.revoked_at).toBeUndefined();
    stack.script.revocation = "done";
    await expect(revoke("alice")).resolves.toMatchObject({ status: 200, body: { cleared: 1 } });
    expect((await progress("alice", id)).consent.revoked_at).toEqual(expect.any(String));
    const revocations = stack.seen.filter(({ what }) => what.startsWith("revoke refresh-"));
    expect(revocations).toHaveLength(2);
    expect(stack.log.join("")).not.toContain("refresh-");
  });

  it("speaks to the auth server with its identity also where agents are called by key alone", async () => {
    await stack.close();
    stack = await startScriptedStack({ env: { AAUTH_SIGNATURE_SCHEME: "hwk" } });
    stack.script.grant = "consent";
    const { id } = await consentAs("alice");
    await ending("alice", id);
    await stack.call("alice", "DELETE", "/optimization/consent");
    expect(stack.seen.filter(({ party }) => party === "auth-server")).toMatchObject([
      { what: "auth", scheme: "jwks" },
      { what: "code", scheme: "jwks" },
      { what: expect.stringContaining("revoke"), scheme: "jwks" },
    ]);
  });

  it("B2: passes the auth server's words on, which cannot forge success", async () => {
    const { body } = await start("alice", "hello");
    const { state } = stack.consentTo(body.consent_url);
    const error_description = "x&aauth_authorized=1&request_id=evil";
    const query = new URLSearchParams({ error: "access_denied", error_description, state });
    const { headers } = await stack.app.inject({ url: `/auth/aauth/callback?${query}` });
    expect(Object.fromEntries(new URL(headers.location!).searchParams)).toEqual({
      aauth_error: "1",
      error: "access_denied",
      error_description,
      request_id: body.request_id,
    });
    expect(await ending("alice", body.request_id)).toMatchObject({ failure: { code: "access_denied" } });
  });

  it.each([
    ["nothing", ""],
    ["a code without a state", "?code=c"],
    ["two states", "?code=c&state=a&state=b"],
    ["an endless state", `?code=c&state=${"s".repeat(3000)}`],
  ])("B3: refuses a callback with %s", async (_name, query) => {
    const callback = await stack.app.inject({ url: `/auth/aauth/callback${query}` });
    expect(callback.statusCode).toBe(302);
    expect(new URL(callback.headers.location!).searchParams.get("error")).toBe("missing_code_or_state");
  });
});

describe("one user's pending requests at the auth server", () => {
  beforeEach(() => {
    stack.script.grant = "consent";
  });
  const clear = () => stack.call("mallory", "DELETE", "/optimization/clear");

  it("is twenty requests, also where the runs are cleared while these are on their way", async () => {
    const started: ReturnType<typeof start>[] = [];
    for (let round = 0; round < 12; round++) {
      for (let count = 0; count < 5; count++) started.push(start("mallory", "x"));
      await pause(5 * round);
      await clear();
    }
    await Promise.all(started);
    for (let settled = -1; settled !== stack.pendingRequests(); await pause(100)) {
      settled = stack.pendingRequests();
    }
    for (let count = 0; count < 25; count++) await start("mallory", "x");
    expect(stack.pendingRequests()).toBeLessThanOrEqual(20);
  });

  it("grows by no catalogue, where a token would raise the limit", async () => {
    for (let count = 0; count < 3; count++) {
      expect(await stack.call("mallory", "GET", "/catalogue")).toMatchObject({ status: 502 });
    }
    expect(stack.seen.slice(0, 2)).toMatchObject([
      { party: "agent", what: "catalogue" },
      { party: "auth-server", what: "auth" },
    ]);
    expect(stack.pendingRequests()).toBe(0);
  });
});
