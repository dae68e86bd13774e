import { describe, expect, it } from "vitest";
import { issueAgentToken } from "../../src/february-2026/issue-tokens.ts";
import { verifyAgentToken } from "../../src/february-2026/verify-tokens.ts";
import { decodeToken } from "../../src/tokens/decode-token.ts";
import { signJwt } from "../../src/tokens/jwt.ts";
import { codeOf, keyA, keyB, knownKeys, NO_AUDIENCE, NO_TEXT, NO_TIME, wrongTypes } from "../claim-cases.ts";

const NOW = 1_730_217_600;
const SERVER = "https://agents.example";
const RESOURCE = "https://resource.example";
const now = () => NOW;
const issuing = { key: keyB, agent: SERVER, delegate: "worker-1", confirmationKey: keyA.publicJwk, now };
const expecting = () => ({ audience: RESOURCE, discovery: knownKeys([keyB.publicJwk]), now });

async function forged(claims: Record<string, unknown>, header: Record<string, unknown> = {}) {
  const token = decodeToken(await issueAgentToken(issuing));
  return signJwt({ ...token.header, ...header }, { ...token.claims, ...claims }, (data) => keyB.sign(data));
}

describe("agent tokens", () => {
  it("have the claims of the profile and live an hour", async () => {
    const token = await issueAgentToken({ ...issuing, audience: RESOURCE });
    expect(decodeToken(token)).toEqual({
      header: { alg: "EdDSA", kid: "key-b", typ: "agent+jwt" },
      claims: {
        iss: SERVER,
        sub: "worker-1",
        exp: NOW + 3_600,
        cnf: { jwk: { kty: "OKP", crv: "Ed25519", x: keyA.publicJwk.x } },
        aud: RESOURCE,
      },
    });
    expect((await verifyAgentToken(token, expecting())).sub).toBe("worker-1");
  });

  it("may name no audience, or a list", async () => {
    expect(await codeOf(verifyAgentToken(await issueAgentToken(issuing), expecting()))).toBe("accepted");
    const token = await forged({ aud: ["https://other.example", RESOURCE] });
    expect(await codeOf(verifyAgentToken(token, expecting()))).toBe("accepted");
  });

  it.each([
    ["another audience", { aud: "https://other.example" }, {}, "token_audience_mismatch"],
    ["no sub", { sub: undefined }, {}, "token_claim_missing"],
    ["no cnf", { cnf: undefined }, {}, "token_claim_missing"],
    ["a past exp", { exp: NOW }, {}, "token_expired"],
    ["a future iat", { iat: NOW + 6 }, {}, "token_not_yet_valid"],
    ["the synonym at+jwt", {}, { typ: "at+jwt" }, "token_type_mismatch"],
  ])("are refused with %s", async (_name, claims, header, expected) => {
    expect(await codeOf(verifyAgentToken(await forged(claims, header), expecting()))).toBe(expected);
  });

  it.each(
    wrongTypes({
      iss: NO_TEXT,
      sub: NO_TEXT,
      aud: NO_AUDIENCE,
      exp: NO_TIME,
      iat: NO_TIME,
      nbf: NO_TIME,
      cnf: [7, null, "x", {}],
    }),
  )("are refused with a claim of the wrong type: %s", async (_name, claims) => {
    expect(await codeOf(verifyAgentToken(await forged(claims), expecting()))).toBe("malformed_token");
  });

  it("name a delegate in up to 2048 characters", async () => {
    const delegate = "d".repeat(2048);
    const token = await issueAgentToken({ ...issuing, delegate });
    expect((await verifyAgentToken(token, expecting())).sub).toBe(delegate);
    const expected = expecting();
    expect(await codeOf(verifyAgentToken(await forged({ sub: `${delegate}d` }), expected))).toBe(
      "malformed_token",
    );
    expect(expected.discovery.asked).toEqual([]);
    for (const name of [`${delegate}d`, "", 5, undefined]) {
      await expect(issueAgentToken({ ...issuing, delegate: name as string })).rejects.toThrow(TypeError);
    }
  });

  it("are refused with an nbf in the future, and with a private key as cnf", async () => {
    const code = async (claims: Record<string, unknown>) =>
      codeOf(verifyAgentToken(await forged(claims), expecting()));
    expect(await code({ nbf: NOW + 6 })).toBe("token_not_yet_valid");
    expect(await code({ cnf: { jwk: { ...keyA.publicJwk, d: "AAAA" } } })).toBe("unsupported_key");
  });

  it("J2: are refused when someone else signed them", async () => {
    const token = decodeToken(await issueAgentToken(issuing));
    const fake = await signJwt(token.header, token.claims, (data) => keyA.sign(data));
    expect(await codeOf(verifyAgentToken(fake, expecting()))).toBe("invalid_token_signature");
  });

  it("are refused with an audience if the verifier has no identifier", async () => {
    const token = await issueAgentToken({ ...issuing, audience: RESOURCE });
    const { audience: _, ...anonymous } = expecting();
    expect(await codeOf(verifyAgentToken(token, anonymous))).toBe("token_audience_mismatch");
  });

  it("of a server that is not trusted are refused without asking anyone", async () => {
    const token = await issueAgentToken(issuing);
    const expected = expecting();
    for (const trustedIssuers of [["https://agents.example.evil"], () => false]) {
      expect(await codeOf(verifyAgentToken(token, { ...expected, trustedIssuers }))).toBe("untrusted_issuer");
    }
    expect(expected.discovery.asked).toEqual([]);
    expect(await codeOf(verifyAgentToken(token, { ...expected, trustedIssuers: [SERVER] }))).toBe("accepted");
  });
});
