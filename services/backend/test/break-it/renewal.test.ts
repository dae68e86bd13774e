import { AAuthAgentError, createMemoryStores, TokenRequestError } from "aauth";
import type { FetchContext } from "aauth/agent";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRenewal } from "../../src/break-it/renewal.ts";
import { createEvidence } from "../../src/calls/evidence.ts";
import type { Run } from "../../src/runs/run.ts";
import type { RunContext } from "../../src/runs/run-context.ts";
import { createRunStores } from "../../src/runs/run-store.ts";
import { type ScriptedStack, startScriptedStack } from "../scripted-stack.ts";

let stack: ScriptedStack;
/** A process that has the runs, but not their requests. */
let restarted: FastifyInstance;
beforeEach(async () => {
  stack = await startScriptedStack({ env: { AAUTH_BREAK_IT: "true" } });
  restarted = await stack.another();
});
afterEach(() => stack.close());

/** A completed run. */
async function run(): Promise<string> {
  const { body } = await stack.call("alice", "POST", "/optimization/start", {});
  expect(body.status).toBe("completed");
  return body.request_id;
}

const attempt = (id: string, variant = "replay") =>
  stack.call("alice", "POST", `/optimization/${id}/break-it/${variant}`, {}, restarted);

/** Reason why a run offers no token to steal; undefined if it does. */
async function reason(id: string): Promise<string | undefined> {
  const { body } = await stack.call("alice", "GET", `/optimization/${id}/trace`, undefined, restarted);
  return body.break_it.find(({ variant }: { variant: string }) => variant === "stolen-token").unavailable;
}

describe("a renewal that needs the user", () => {
  test("leaves nothing to tamper with, and the run unchanged", async () => {
    const id = await run();
    stack.script.grant = "consent";
    expect((await attempt(id)).status).toBe(409);
    expect(await reason(id)).toBeUndefined();
    stack.script.grant = "direct";
    expect((await attempt(id, "stolen-token")).body).toMatchObject({ outcome: "refused", as_meant: true });
  });

  test("B16: uses the user's quota of open requests, also the second one of a run", async () => {
    const runs = await Promise.all(Array.from({ length: 20 }, run));
    stack.script.grant = "consent";
    const statuses: number[] = [];
    for (const id of [...runs, ...runs]) statuses.push((await attempt(id)).status);
    expect(new Set(statuses.slice(0, 20))).toEqual(new Set([409]));
    expect(new Set(statuses.slice(20))).toEqual(new Set([429]));
    expect(stack.pendingRequests()).toBe(20);
  });

  test("reports that consent is required, and not that it was given", async () => {
    const id = await run();
    stack.script.grant = "consent";
    const { body } = await attempt(id);
    expect(body.detail).toContain("needs your consent");
    expect(body.code).toBe("consent_required");
    expect(body.detail).not.toContain("given");
  });
});

test("B16: a renewal of draft -11 uses the quota while its request waits at the person server", async () => {
  const now = () => 1000;
  const { consentRequests } = createRunStores({ stores: createMemoryStores({ now }), now });
  const agent = {
    fetchFor({ observer }: { observer: (event: object) => void }) {
      observer({ type: "request_signed" });
      observer({ type: "response_received", purpose: "token", status: 202 });
      return fetch;
    },
  };
  const renew = createRenewal({
    consentRequests,
    evidence: createEvidence(now),
    sharesTokens: false,
    timeoutSeconds: 1,
    calls: { agentOf: () => agent, browserUrl: (page: string) => page } as unknown as RunContext["calls"],
    observe: () => ({ observer: () => {}, peer: () => "auth-server", noted: async () => {} }),
    places: { agentUrl: "https://agent.localhost", issuer: "", backendUrl: "", hops: new Map() },
    supplyChainAgent: {
      ask: () => Promise.reject(new AAuthAgentError("grant_pending", "a person decides")),
      card: () => Promise.reject(new Error("nothing asks for it")),
    },
  });
  await expect(renew({ id: "r", userId: "alice", prompt: "" } as Run)).rejects.toMatchObject({
    kind: "conflict",
  });
  expect(await consentRequests.count("alice")).toBe(1);
});

test("a renewal of draft -11 makes no server wait for the user, nor an agent that its prompt would call", async () => {
  const now = () => 1000;
  const contexts: FetchContext[] = [];
  const asked: string[] = [];
  const agent = {
    fetchFor(context: FetchContext) {
      contexts.push(context);
      return fetch;
    },
  };
  const renew = createRenewal({
    evidence: createEvidence(now),
    sharesTokens: false,
    timeoutSeconds: 1,
    consentRequests: createRunStores({ stores: createMemoryStores({ now }), now }).consentRequests,
    calls: { agentOf: () => agent, browserUrl: (page: string) => page } as unknown as RunContext["calls"],
    observe: () => ({ observer: () => {}, peer: () => "auth-server", noted: async () => {} }),
    places: { agentUrl: "https://agent.localhost", issuer: "", backendUrl: "", hops: new Map() },
    supplyChainAgent: {
      ask(text) {
        asked.push(text);
        return Promise.reject(new TokenRequestError("user_unreachable", "the person cannot be reached", 403));
      },
      card: () => Promise.reject(new Error("nothing asks for it")),
    },
  });
  const run = { id: "r", userId: "alice", prompt: "Optimize and Perform market analysis" } as Run;
  await expect(renew(run)).rejects.toMatchObject({ kind: "conflict", code: "consent_required" });
  expect(contexts[0]).not.toHaveProperty("waiting");
  expect(contexts[0]).not.toHaveProperty("onInteraction");
  expect(asked).toEqual(["Optimize and (market analysis)"]);
});
