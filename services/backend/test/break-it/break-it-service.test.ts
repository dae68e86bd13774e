import { type SigningKey, signRequest } from "aauth";
import { createTestClock, testKey } from "aauth/testing";
import type { BreakItVariant } from "backend-api";
import { describe, expect, test } from "vitest";
import { createBreakItService } from "../../src/break-it/break-it-service.ts";
import type { Evidence, SentRequest } from "../../src/break-it/evidence.ts";
import type { Run } from "../../src/runs/run.ts";

const BACKEND = "http://backend.localhost:8000";
const AGENT = "http://supply-chain-agent.localhost:3000";
const TOKEN_ENDPOINT = "http://localhost:8080/realms/aauth-test/protocol/aauth/agent/token";
const TYPE = { agent: "application/json", authServer: "application/x-www-form-urlencoded" };

async function sent(key: SigningKey, to: keyof typeof TYPE, text: string, now: () => number) {
  const url = to === "agent" ? `${AGENT}/` : TOKEN_ENDPOINT;
  const body = new TextEncoder().encode(text);
  const headers = { "content-type": TYPE[to] };
  const signatureKey = { scheme: "jwks", id: BACKEND } as const;
  const signed = await signRequest({ method: "POST", url, headers, body }, { key, signatureKey, now });
  return { method: "POST", url, headers: { ...headers, ...signed.headers }, body, status: 200 };
}

/** A tampered request that is answered by hand. */
async function attempt(variant: BreakItVariant, answer: () => Response) {
  const { now } = createTestClock();
  const key = await testKey("A", "backend-ephemeral-1");
  const form = new URLSearchParams({ request_type: "auth", resource_token: "a.b.c" });
  const requests: SentRequest[] = [
    await sent(key, "authServer", form.toString(), now),
    await sent(key, "agent", "{}", now),
  ];
  const service = createBreakItService({
    evidence: { of: () => requests } as unknown as Evidence,
    transport: async () => answer(),
    keys: () => [key],
    agentUrl: AGENT,
    otherResourceUrl: "http://market-analysis-agent.localhost:3000",
    signatureScheme: "jwks",
    id: BACKEND,
    now,
  });
  return service.attempt({ id: "r", userId: "alice" } as Run, variant);
}

describe("a request that only the gateway answers, since it reached nobody, is no refusal", () => {
  test.each([
    [502, ""],
    [503, "upstream call failed: ECONNREFUSED"],
    [503, "external authorization failed: ECONNREFUSED"],
    [504, "upstream call timeout"],
  ])("status %i %s", async (status, body) => {
    await expect(attempt("stale", () => new Response(body, { status }))).rejects.toMatchObject({
      ...{ name: "HttpError", statusCode: 502, code: `http_${status}` },
      message: `No answer came from ${AGENT}, where the supply-chain agent is reached through the gateway: the gateway answers with status ${status}.`,
    });
  });

  test("nor is one before the auth server", async () => {
    const answer = () => new Response("<html>", { status: 502 });
    await expect(attempt("unsigned-resource-token", answer)).rejects.toMatchObject({
      message:
        "No answer came from http://localhost:8080, where the auth server is reached: what stands before it answers with status 502.",
    });
  });

  test("but a check that says its code has refused it, and not as it was meant to be", async () => {
    const body =
      "AAuth failure: AAuth verification failed: replay_memory_full: this caller's share of the memory is full";
    expect(await attempt("stale", () => new Response(body, { status: 503 }))).toMatchObject({
      ...{ refused: true, status: 503, refused_by: "gateway", code: "replay_memory_full", as_meant: false },
    });
  });
});

describe("a refusal is as it was meant to be by the check that the tampering is for", () => {
  const verdict = async (variant: BreakItVariant, status: number, body: string) =>
    (await attempt(variant, () => new Response(body, { status }))).as_meant;
  const ofGateway = (code: string) => `AAuth failure: AAuth verification failed: ${code}: it says why`;
  const ofAuthServer = (reason: string) =>
    JSON.stringify({ error: "invalid_grant", error_description: `Invalid resource_token: ${reason}` });

  test.each<[BreakItVariant, number, string, boolean]>([
    ["stale", 401, ofGateway("created_out_of_window"), true],
    ["stale", 401, ofGateway("unknown_key"), false],
    ["replay", 401, ofGateway("nonce_replayed"), true],
    ["changed-body", 401, "Valid AAuth signature required: digest_mismatch", true],
    ["changed-body", 429, "Too many requests for this level", false],
    ["other-key", 403, "authorization failed", false],
    [
      ...(["unsigned-resource-token", 400] as const),
      ofAuthServer("the token's signature does not verify"),
      true,
    ],
    [
      ...(["unsigned-resource-token", 400] as const),
      ofAuthServer("Failed to fetch resource metadata or jwks_uri not found"),
      false,
    ],
  ])("%s, status %i: %s", async (variant, status, body, expected) => {
    expect(await verdict(variant, status, body)).toBe(expected);
  });

  test("what was let in has no verdict", async () => {
    expect(await attempt("stale", () => new Response("{}"))).toEqual({
      ...{ variant: "stale", refused: false, status: 200 },
    });
  });
});
