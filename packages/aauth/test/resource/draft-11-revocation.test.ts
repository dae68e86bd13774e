/** The revocation endpoint of a resource (draft -11, section 11.12; N39 to N41). */

import { afterEach, describe, expect, test, vi } from "vitest";
import { draft11 } from "../../src/draft-11/profile.ts";
import { createRevocations } from "../../src/profile/revocations.ts";
import { createChallenger } from "../../src/resource/challenge.ts";
import { createRevocationEndpoint } from "../../src/resource/revocation-endpoint.ts";
import { createMemoryRecordStore } from "../../src/store/record-store.ts";
import { decodeJwt } from "../../src/tokens/jwt.ts";
import type { SigningKey } from "../../src/types.ts";
import {
  ACCESS_SERVER,
  agentToken,
  authToken,
  discoveryOf,
  keys,
  NOW,
  PERSON_SERVER,
  personToken,
  RESOURCE,
  refusal,
  requestOf,
  signBadly,
  verifierOf,
} from "../draft-11/kit.ts";
import { clockOf } from "./draft-11-kit.ts";

const PERSON = { id: PERSON_SERVER, document: "aauth-person.json" };
const ACCESS = { id: ACCESS_SERVER, document: "aauth-access.json" };

function kit(options: Parameters<typeof createRevocations>[0] = {}) {
  const clock = clockOf();
  const { now } = clock;
  const discovery = discoveryOf();
  const revocations = createRevocations({ now, ...options });
  const agentProviders = [PERSON_SERVER, ACCESS_SERVER];
  const verifier = verifierOf({ now, discovery, endpoint: "revocation", agentProviders });
  const endpoint = createRevocationEndpoint({ verifier, revocations, path: "/revoke", now });
  /** Signed a second later each time, because the same request twice is a replay. */
  const revoke = async (
    body: unknown,
    { server = PERSON, key = keys.person }: { server?: typeof PERSON; key?: SigningKey } = {},
  ) => {
    clock.advance(1);
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return endpoint.handle(
      await requestOf({
        now,
        url: `${RESOURCE}/revoke`,
        body: text,
        key,
        signatureKey: { scheme: "jwks_uri", ...server },
      }),
    );
  };
  return { clock, now, discovery, endpoint, revocations, revoke };
}

const exp = NOW + 3_600;

describe("the endpoint", () => {
  test.each(["known", "unknown, and a second time"])("answers 200 without body: %s", async () => {
    const { revoke } = kit();
    for (let time = 0; time < 2; time++) {
      const { status, headers, body } = await revoke({ jti: "t-1", exp });
      expect([status, headers["content-type"], body]).toEqual([200, undefined, ""]);
    }
  });

  test.each([
    ["no JSON", "jti=t-1"],
    ["a list", [1]],
    ["no jti", { exp }],
    ["an empty jti", { jti: "", exp }],
    ["no exp", { jti: "t-1" }],
    ["an exp in words", { jti: "t-1", exp: "tomorrow" }],
    ["an exp beyond any token's", { jti: "t-1", exp: NOW + 86_400 }],
  ])("refuses %s", async (_, body) => {
    const { revoke, revocations } = kit();
    const answer = await revoke(body);
    expect([answer.status, JSON.parse(answer.body).error]).toEqual([400, "invalid_request"]);
    expect(await revocations.isRevoked({ type: "", iss: PERSON_SERVER, jti: "t-1", exp })).toBe(false);
  });

  test("refuses an untrusted issuer, and fetches nothing from it", async () => {
    const { revoke, discovery } = kit();
    const server = { id: "https://ps.stranger.example", document: "aauth-person.json" };
    const answer = await revoke({ jti: "t-1", exp }, { server });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([403, { error: "unsupported_iss" }]);
    expect(Object.keys(answer.headers).filter((name) => name.includes("signature"))).toEqual([]);
    expect(discovery.fetched).toEqual([]);
  });

  test("refuses another server's key, an agent, and insufficient coverage", async () => {
    const { revoke, endpoint, now, revocations } = kit();
    const stolen = await revoke({ jti: "t-1", exp }, { key: keys.other });
    expect(stolen.headers["signature-error"]).toMatch(/^error=(invalid_signature|unknown_key)$/);
    const jwt = await agentToken();
    const byAgent = await endpoint.handle(
      await requestOf({ now, url: `${RESOURCE}/revoke`, body: "{}", signatureKey: { scheme: "jwt", jwt } }),
    );
    expect([byAgent.status, byAgent.headers["signature-error"]]).toEqual([401, "error=unsupported_scheme"]);
    expect(byAgent.headers["accept-signature-scheme"]).toBe("jwks_uri");
    const bare = await endpoint.handle(
      await signBadly({
        signatureKey: `sig=jwks_uri;id="${PERSON_SERVER}";dwk="aauth-person.json";kid="ps-1"`,
        method: "POST",
        key: keys.person,
        headers: { "content-type": "application/json", "content-length": "2" },
        body: new TextEncoder().encode("{}"),
      }),
    );
    expect(bare.headers["signature-error"]).toMatch(
      /^error=invalid_input, required_input=\(.*"content-digest"/,
    );
    expect(await revocations.isRevoked({ type: "", iss: PERSON_SERVER, jti: "t-1", exp })).toBe(false);
  });

  test("has a bound: entries beyond it are answered 429", async () => {
    const { now } = clockOf();
    const { revoke } = kit({ store: createMemoryRecordStore({ maxEntries: 2, now }) });
    expect((await revoke({ jti: "t-1", exp })).status).toBe(200);
    const answer = await revoke({ jti: "t-2", exp });
    expect([answer.status, JSON.parse(answer.body), answer.headers["retry-after"]]).toEqual([
      429,
      { error: "rate_limited" },
      "60",
    ]);
    expect((await revoke({ jti: "t-1", exp })).status).toBe(200);
  });
});

describe("a revoked token", () => {
  const claimsOf = (token: string) => decodeJwt(token).claims as { jti: string; exp: number };

  test("is refused at the resource: `revoked_jwt`, with the way to a new person token, never a resource token", async () => {
    const { now, revocations, revoke } = kit();
    const verifier = verifierOf({ now, isRevoked: revocations.isRevoked });
    const challenger = createChallenger({ profile: draft11, key: keys.resource, resource: RESOURCE, now });
    const requirement = { level: "auth-token", scopes: ["data.read"] } as const;
    for (const [token, server, key] of [
      [await personToken(), PERSON, keys.person],
      [await authToken(), ACCESS, keys.access],
    ] as const) {
      const request = () => requestOf({ now, signatureKey: { scheme: "jwt", jwt: token } });
      await verifier.verifyRequest(await request());
      const { jti, exp } = claimsOf(token);
      expect((await revoke({ jti, exp }, { server, key })).status).toBe(200);
      const error = await refusal(verifier, await request(), requirement);
      expect(error.code).toBe("token_revoked");
      const { status, headers } = await challenger.challengeFor(error, requirement);
      expect([status, headers["signature-error"], headers["aauth-requirement"]]).toEqual([
        401,
        "error=revoked_jwt",
        "requirement=person-token",
      ]);
    }
  });

  test("is not touched by another server that names its jti", async () => {
    const { now, revocations, revoke } = kit();
    const token = await personToken();
    const { jti, exp } = claimsOf(token);
    expect((await revoke({ jti, exp }, { server: ACCESS, key: keys.access })).status).toBe(200);
    const verifier = verifierOf({ now, isRevoked: revocations.isRevoked });
    await verifier.verifyRequest(await requestOf({ now, signatureKey: { scheme: "jwt", jwt: token } }));
  });

  test("stays revoked after a restart, until it has expired; a jti may be of any length", async () => {
    const { now, advance } = clockOf();
    const store = createMemoryRecordStore<never>({ maxEntries: 10, now });
    const named = { type: "", iss: PERSON_SERVER, jti: "t".repeat(5_000), exp };
    expect(await createRevocations({ store, now }).revoke(named)).toBe(true);
    const restarted = createRevocations({ store, now });
    expect(await restarted.isRevoked(named)).toBe(true);
    expect(await restarted.isRevoked({ ...named, jti: "t".repeat(5_001) })).toBe(false);
    expect(await createRevocations({ now }).revoke({ ...named, exp: now() - 3_600 })).toBe(true);
    advance(2 * 3_600);
    expect(await restarted.isRevoked(named)).toBe(false);
    expect(await restarted.revoke(named)).toBe(true);
  });

  test("V63: stays revoked where a replica or its store is up to an hour ahead", async () => {
    const { now, advance } = clockOf();
    const store = createMemoryRecordStore<never>({ now });
    const revocations = createRevocations({ store, now });
    const ahead = createRevocations({ store, now: () => now() + 3_590 });
    const tokenOf = (jti: string) => ({ type: "", iss: PERSON_SERVER, jti, exp: now() + 600 });
    const [before, meanwhile, byReplica] = [tokenOf("a"), tokenOf("b"), tokenOf("c")];
    expect(await revocations.revoke(before)).toBe(true);
    expect(await ahead.revoke(byReplica)).toBe(true);
    expect(await revocations.isRevoked(byReplica)).toBe(true);
    advance(3_590);
    expect(await revocations.revoke(meanwhile)).toBe(true);
    advance(-3_590);
    for (const token of [before, meanwhile]) expect(await revocations.isRevoked(token)).toBe(true);
    expect(await revocations.isRevoked(tokenOf("d"))).toBe(false);
  });
});

describe("a restart without a store", () => {
  /** @param seconds ago */
  const restarted = (seconds: number) =>
    vi.spyOn(performance, "timeOrigin", "get").mockReturnValue(Date.now() - seconds * 1_000);
  afterEach(() => void vi.restoreAllMocks());

  test("S7: refuses person and auth tokens of the time before it, with the way to new ones", async () => {
    const { clock, now } = kit();
    const [person, auth, agent] = [await personToken(), await authToken(), await agentToken()];
    clock.advance(10);
    restarted(5);
    const verifier = verifierOf({ now, isRevoked: createRevocations({ now }).isRevoked });
    const challenger = createChallenger({ profile: draft11, key: keys.resource, resource: RESOURCE, now });
    const requestWith = (jwt: string) => requestOf({ now, signatureKey: { scheme: "jwt", jwt } });
    for (const token of [person, auth]) {
      const error = await refusal(verifier, await requestWith(token), { level: "person-token" });
      expect([error.code, error.claim]).toEqual(["revocation_unknown", "iat"]);
      const { headers } = await challenger.challengeFor(error, { level: "person-token" });
      expect([headers["signature-error"], headers["aauth-requirement"]]).toEqual([
        "error=invalid_jwt",
        "requirement=person-token",
      ]);
    }
    await verifier.verifyRequest(await requestWith(agent));
    const fresh = await personToken({ now: () => NOW + 5 });
    await verifier.verifyRequest(await requestWith(fresh));
  });

  test("S7: accepts them by a store that outlives the process", async () => {
    const { clock, now } = kit();
    const token = await personToken();
    clock.advance(10);
    restarted(5);
    const { isRevoked } = createRevocations({ now, store: createMemoryRecordStore({ maxEntries: 10, now }) });
    const request = await requestOf({ now, signatureKey: { scheme: "jwt", jwt: token } });
    await verifierOf({ now, isRevoked }).verifyRequest(request);
  });

  test("S7: needs a store if the runtime does not report when the process began", () => {
    vi.spyOn(performance, "timeOrigin", "get").mockReturnValue(0);
    expect(() => createRevocations()).toThrow(TypeError);
    createRevocations({ store: createMemoryRecordStore({ maxEntries: 10, now: () => NOW }) });
  });
});
