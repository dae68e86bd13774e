import { describe, expect, it } from "vitest";
import { issueResourceToken } from "../../src/february-2026/issue-tokens.ts";
import { verifyResourceToken } from "../../src/february-2026/verify-tokens.ts";
import { decodeToken } from "../../src/tokens/decode-token.ts";
import { signJwt } from "../../src/tokens/jwt.ts";
import { codeOf, keyA, keyB, knownKeys, NO_TEXT, NO_TIME, wrongTypes } from "../claim-cases.ts";

const NOW = 1_730_217_600;
const RESOURCE = "http://supply-chain-agent.localhost:3000";
const AUTH_SERVER = "http://localhost:8080/realms/aauth-test";
const AGENT = "http://backend.localhost:8000";
const now = () => NOW;

const issuing = {
  key: keyB,
  resource: RESOURCE,
  authServer: AUTH_SERVER,
  agent: AGENT,
  agentJkt: keyA.thumbprint,
  scope: "supply-chain:optimize",
  now,
};
const expecting = () => ({
  audience: AUTH_SERVER,
  agent: AGENT,
  agentJkt: keyA.thumbprint,
  discovery: knownKeys([keyB.publicJwk]),
  now,
});

/** A resource token with a wrong header or claims, properly signed by the resource. */
async function forged(claims: Record<string, unknown>, header: Record<string, unknown> = {}) {
  const token = decodeToken(await issueResourceToken(issuing));
  return signJwt({ ...token.header, ...header }, { ...token.claims, ...claims }, (data) => keyB.sign(data));
}

describe("resource tokens", () => {
  it("is not issued for longer than 600 s", async () => {
    for (const lifetimeSeconds of [601, 0, 1.5, "300" as never]) {
      await expect(issueResourceToken({ ...issuing, lifetimeSeconds })).rejects.toThrow(RangeError);
    }
  });

  it.each([
    ["no exp", { exp: undefined }, {}, "token_claim_missing"],
    ["no scope", { scope: undefined }, {}, "token_claim_missing"],
    ["no agent", { agent: undefined }, {}, "token_claim_missing"],
    ["no issuer", { iss: undefined }, {}, "token_claim_missing"],
    ["an iat in the future", { iat: NOW + 6 }, {}, "token_not_yet_valid"],
    ["another typ", {}, { typ: "auth+jwt" }, "token_type_mismatch"],
    ["typ in another case", {}, { typ: "Resource+JWT" }, "token_type_mismatch"],
  ])("is refused with %s", async (_name, claims, header, expected) => {
    expect(await codeOf(verifyResourceToken(await forged(claims, header), expecting()))).toBe(expected);
  });

  it("J1: is refused when someone else signed it", async () => {
    const token = decodeToken(await issueResourceToken(issuing));
    const fake = await signJwt(token.header, token.claims, (data) => keyA.sign(data));
    expect(await codeOf(verifyResourceToken(fake, expecting()))).toBe("invalid_token_signature");
  });

  it.each(
    wrongTypes({
      iss: NO_TEXT,
      aud: NO_TEXT,
      agent: NO_TEXT,
      agent_jkt: NO_TEXT,
      scope: NO_TEXT,
      exp: NO_TIME,
      iat: NO_TIME,
      nbf: NO_TIME,
    }),
  )("are refused with a claim of the wrong type: %s", async (_name, claims) => {
    expect(await codeOf(verifyResourceToken(await forged(claims), expecting()))).toBe("malformed_token");
  });

  it("may name a request instead of a scope, as text", async () => {
    const claims = { scope: undefined, auth_request_url: "https://resource.example/r" };
    expect(await codeOf(verifyResourceToken(await forged(claims), expecting()))).toBe("accepted");
    for (const auth_request_url of NO_TEXT) {
      const token = await forged({ ...claims, auth_request_url });
      expect(await codeOf(verifyResourceToken(token, expecting()))).toBe("malformed_token");
    }
  });

  it("makes no request for a token that is refused without a key", async () => {
    const expected = expecting();
    await codeOf(verifyResourceToken(await forged({ aud: "https://other.example" }), expected));
    await codeOf(verifyResourceToken(await forged({ agent: "https://other.example" }), expected));
    await codeOf(verifyResourceToken(await forged({ exp: NOW }), expected));
    expect(expected.discovery.asked).toEqual([]);
  });
});
