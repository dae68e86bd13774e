import type { AAuthEvent } from "aauth";
import { createLogger } from "agent-kit/service";
import { describe, expect, it } from "vitest";
import { createCallObserver } from "../../src/runs/call-observer.ts";
import { createRun, noteStep, progressOf } from "../../src/runs/run.ts";

const AGENT = "http://supply-chain-agent.localhost:3000/";
const ISSUER = "http://localhost:8080/realms/aauth-test";
const about = { url: AGENT, method: "POST", purpose: "resource" as const };
const signed: AAuthEvent = {
  ...about,
  type: "request_signed",
  profile: "february-2026",
  scheme: "jwks",
  coveredComponents: ["@method", "signature-key"],
  signatureBase: "base",
  created: 1,
  kid: "key-1",
  thumbprint: "thumbprint-1",
  attempt: 1,
};
const shown = (claims: Record<string, unknown>) => ({ header: {}, claims, tokenId: "0a1b2c3d" });
const challenge: AAuthEvent = {
  type: "challenge_received",
  url: AGENT,
  status: 401,
  level: "authorized",
  server: ISSUER,
  resourceToken: shown({ scope: "supply-chain:optimize" }),
};
const requested: AAuthEvent = {
  type: "token_requested",
  server: ISSUER,
  requestType: "auth",
  url: `${ISSUER}/token`,
};
const received = (claims: Record<string, unknown>, requestType: "auth" | "code" = "auth"): AAuthEvent => ({
  type: "token_received",
  server: ISSUER,
  requestType,
  token: shown(claims),
  expiresInSeconds: 300,
});
const retried: AAuthEvent = {
  type: "request_retried",
  url: AGENT,
  method: "POST",
  scheme: "jwt",
  reason: "authorization",
};

async function observe(...events: AAuthEvent[]) {
  const logger = createLogger({ service: "t", level: "silent" });
  let run = createRun({ userId: "alice", prompt: "p" }, 1);
  const call = createCallObserver({ logger })({
    id: run.id,
    note: async (step) => {
      run = noteStep(run, step, 1);
    },
  });
  for (const event of events) call.observer(event);
  await call.noted();
  const [task, ...steps] = progressOf(run).activities;
  return { peer: call.peer(), task, steps };
}

describe("a watched call", () => {
  it.each<[string, AAuthEvent[], string]>([
    ["the resource at first", [signed], "resource"],
    ["the auth server once challenged", [signed, challenge], "auth-server"],
    ["the resource again with the token", [signed, challenge, requested, received({})], "resource"],
    ["the resource when it is asked again", [signed, challenge, retried], "resource"],
  ])("knows the peer of the backend: %s", async (_name, events, peer) => {
    expect((await observe(...events)).peer).toBe(peer);
  });

  it("notes each step once", async () => {
    const answered = (status: number): AAuthEvent => ({ ...about, type: "response_received", status });
    const { steps, task } = await observe(
      signed,
      answered(401),
      challenge,
      requested,
      { ...signed, purpose: "token" },
      { ...answered(200), purpose: "token" } as AAuthEvent,
      received({ aud: "http://sca", scope: "a b", sub: "alice", act: { agent: "x" } }),
      retried,
      answered(200),
    );
    expect(steps.map(({ action }) => action)).toEqual([
      "request_signed",
      "challenge_received",
      "token_requested",
      "token_received",
      "request_retried",
      "response_received",
    ]);
    expect(steps[0]!.details).toContain("scheme jwks, covering @method, signature-key");
    expect(steps[3]!.details).toBe(
      "Auth token 0a1b2c3d for http://sca, scope a b, user alice, valid for 300 s",
    );
    expect(task!.delegation).toEqual({
      sub: "alice",
      aud: "http://sca",
      scope: "a b",
      act: { agent: "x" },
    });
  });

  it("bounds the token's claims in the feed", async () => {
    const { steps } = await observe(
      received({ aud: ["a", 7], scope: "s".repeat(5000), sub: { not: "text" } }),
    );
    expect(steps[0]!.details.length).toBeLessThan(500);
    expect(steps[0]!.details).toContain("for a 7, scope sss");
  });
});
