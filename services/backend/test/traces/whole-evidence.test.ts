import { AAuthVerificationError, draft11, signRequest, toJwks } from "aauth";
import { february2026 } from "aauth/february-2026";
import { issueAgentToken } from "aauth/server";
import { createTestDiscovery, testKey } from "aauth/testing";
import { verifySavedMessage } from "aauth-explain";
import { apiRoutes } from "backend-api";
import { afterEach, describe, expect, test } from "vitest";
import type { SentRequest } from "../../src/calls/evidence.ts";
import { wholeAttack, wholeEvidence } from "../../src/traces/whole-evidence.ts";
import { type ScriptedStack, startScriptedStack } from "../scripted-stack.ts";

const BACKEND = "https://backend.localhost";
const AGENT = "https://supply-chain-agent.localhost";
const PERSON_SERVER = "https://person-server.localhost";
const PROFILES = [draft11, february2026] as const;
const NOW = 1_800_000_000;
const now = () => NOW;
const key = await testKey("A", "backend-1");
const { token: jwt } = await issueAgentToken({
  key,
  issuer: BACKEND,
  agent: "aauth:user-1@backend.localhost",
  confirmationKey: key.publicJwk,
  now,
});
const documents = {
  [`${BACKEND}/.well-known/aauth-agent.json`]: { issuer: BACKEND, jwks_uri: `${BACKEND}/jwks.json` },
  [`${BACKEND}/jwks.json`]: toJwks([key]),
};

async function sent(
  url: string,
  members: object | string,
  extra: { headers?: Record<string, string>; unsigned?: Record<string, string> } = {},
): Promise<SentRequest> {
  const body = new TextEncoder().encode(typeof members === "string" ? members : JSON.stringify(members));
  const headers = { "content-type": "application/json", ...extra.headers };
  const signatureKey = { scheme: "jwt", jwt } as const;
  const request = { method: "POST", url, headers, body };
  const signed = await signRequest(request, { profile: draft11, key, signatureKey, now });
  return { ...request, headers: { ...headers, ...signed.headers, ...extra.unsigned }, status: 200 };
}

const select = (requests: readonly SentRequest[], known: object = documents) =>
  wholeEvidence(requests, createTestDiscovery({ documents: known as never }, { now }));

describe("the requests that leave whole", () => {
  test("are calls and token requests, and verify by the keys that are beside them", async () => {
    const tokens = { resource_token: "eyJ.e.A", presented_token: jwt, capabilities: ["interaction"] };
    const evidence = await select([
      await sent(`${AGENT}/`, { jsonrpc: "2.0", method: "message/send" }),
      await sent(`${PERSON_SERVER}/aauth/token`, tokens),
    ]);
    expect(evidence.map(({ endpoint }) => endpoint)).toEqual(["resource", "token"]);
    for (const saved of evidence) {
      expect(saved.keys).toEqual([{ id: BACKEND, jwk: toJwks([key]).keys[0] }]);
      expect(await verifySavedMessage({ evidence: saved }, PROFILES)).toMatchObject({ state: "verified" });
    }
  });

  test("without its keys a request stays", async () => {
    const request = await sent(`${AGENT}/`, { jsonrpc: "2.0" });
    expect(await select([request], {})).toEqual([]);
  });

  test.each([
    ...(["discovery_blocked", "discovery_busy", "discovery_failed", "metadata_mismatch"] as const),
    ...(["metadata_issuer_missing", "unknown_key"] as const),
  ])("without its keys a request stays, after %s", async (code) => {
    const fail = () => Promise.reject(new AAuthVerificationError(code, "the keys cannot be had"));
    const discovery = { metadata: fail, key: fail, replacedKey: fail, keys: fail };
    const request = await sent(`${AGENT}/`, { jsonrpc: "2.0" });
    expect(await wholeEvidence([request], discovery)).toEqual([]);
  });

  test("a request that is signed with a key in its headers is exported without keys", async () => {
    const body = new TextEncoder().encode(JSON.stringify({ jsonrpc: "2.0" }));
    const request = {
      method: "POST",
      url: `${AGENT}/`,
      headers: { "content-type": "application/json" },
      body,
    };
    const signing = { profile: february2026, key, signatureKey: { scheme: "hwk" }, now } as const;
    const { headers } = await signRequest(request, signing);
    const [saved] = await select([{ ...request, headers: { ...request.headers, ...headers }, status: 200 }]);
    expect(saved).toMatchObject({ keys: [] });
    expect(await verifySavedMessage({ evidence: saved! }, PROFILES)).toMatchObject({ state: "verified" });
  });

  test.each([
    ["a query", () => sent(`${PERSON_SERVER}/aauth/token?code=ABCD-1234`, { resource: AGENT })],
    ["a pending name", () => sent(`${PERSON_SERVER}/pending/0123456789abcdef`, { resource: AGENT })],
  ])("R1: a request stays with %s in its address", async (_what, make) => {
    expect(await select([await make()])).toEqual([]);
  });

  test("R1: a request stays that covers a session", async () => {
    const headers = { authorization: "AAuth c2Vzc2lvbi10b2tlbg" };
    const request = await sent(`${AGENT}/`, { jsonrpc: "2.0" }, { headers });
    expect(request.headers["signature-input"]).toContain("authorization");
    expect(await select([request])).toEqual([]);
  });

  test.each([
    ["a code", { code: "ABCD-1234" }],
    ["a refresh token", { refresh_token: "r" }],
    ["a state", { resource_token: "eyJ.e.A", state: "s" }],
    ["a private key", { resource_token: "eyJ.e.A", jwk: { d: "x" } }],
    ["no JSON", "hello"],
  ])("R1: a token request stays with %s in it", async (_what, members) => {
    expect(await select([await sent(`${PERSON_SERVER}/aauth/token`, members)])).toEqual([]);
  });

  test("R1: a request stays with fields that belong neither to the signature nor to the message", async () => {
    const unsigned = { cookie: "session=1", "x-id-token": jwt, traceparent: "00-1-1-01" };
    const [evidence] = await select([await sent(`${AGENT}/`, { jsonrpc: "2.0" }, { unsigned })]);
    expect(Object.keys(evidence!.headers).sort()).toEqual([
      "content-digest",
      "content-type",
      "signature",
      "signature-input",
      "signature-key",
    ]);
  });
});

describe("an attack that leaves whole", () => {
  const attack = (request: SentRequest, known: object = documents) =>
    wholeAttack(request, createTestDiscovery({ documents: known as never }, { now }));
  const changed = async () => {
    const request = await sent(`${AGENT}/`, { jsonrpc: "2.0", quantity: 25 });
    return { ...request, body: new TextEncoder().encode(JSON.stringify({ jsonrpc: "2.0", quantity: 99 })) };
  };

  test("need not verify, and is refused again for its defect", async () => {
    const evidence = await attack(await changed());
    expect(await verifySavedMessage({ evidence: evidence! }, PROFILES)).toMatchObject({
      state: "refused",
      reason: expect.stringContaining("digest_mismatch"),
    });
  });

  test("is judged as a call at whichever agent it was sent to", async () => {
    const evidence = await attack(await sent("https://market.example/", { jsonrpc: "2.0" }));
    expect(evidence?.endpoint).toBe("resource");
  });

  test("stays where its keys cannot be found: it would be refused for another reason", async () => {
    expect(await attack(await changed(), {})).toBeUndefined();
  });

  test("R1: stays with a code in it, and without a signature", async () => {
    expect(await attack(await sent(`${PERSON_SERVER}/aauth/token`, { code: "ABCD-1234" }))).toBeUndefined();
    const headers = { authorization: "Bearer eyJ.e.A", "content-type": "application/json" };
    expect(await attack({ ...(await changed()), headers })).toBeUndefined();
  });
});

describe("GET /optimization/{id}/evidence", () => {
  let stack: ScriptedStack;
  afterEach(() => stack?.close());

  test("is the owner's alone, and verifies", async () => {
    stack = await startScriptedStack({ env: { AAUTH_BREAK_IT: "true" } });
    const { body: run } = await stack.call("alice", "POST", "/optimization/start", {});
    const path = `/optimization/${run.request_id}/evidence`;
    expect((await stack.call("bob", "GET", path)).status).toBe(404);
    const { status, body } = await stack.call("alice", "GET", path);
    expect(status).toBe(200);
    const { requests } = apiRoutes.runEvidence.answer.parse(body);
    expect(requests.map(({ endpoint }) => endpoint)).toEqual(["resource", "resource"]);
    for (const evidence of requests)
      expect(await verifySavedMessage({ evidence }, PROFILES)).toMatchObject({ state: "verified" });
  });

  test("is there in demo mode only", async () => {
    stack = await startScriptedStack();
    const { body: run } = await stack.call("alice", "POST", "/optimization/start", {});
    expect((await stack.call("alice", "GET", `/optimization/${run.request_id}/evidence`)).status).toBe(404);
  });
});
