import { createHash, createPublicKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { issueAuthToken } from "../../src/february-2026/issue-tokens.ts";
import { verifyAuthToken } from "../../src/february-2026/verify-tokens.ts";
import { decodeToken, tokenId } from "../../src/tokens/decode-token.ts";
import { signJwt } from "../../src/tokens/jwt.ts";
import type { VerifiedToken } from "../../src/tokens/open-token.ts";
import { createTokenSigner, tokenSignerOf } from "../../src/tokens/token-signer.ts";
import { createVerifiedTokens } from "../../src/tokens/verified-tokens.ts";
import type { IssuerJwk } from "../../src/types.ts";
import { codeOf, keyA, keyB, knownKeys, NO_AUDIENCE, NO_TEXT, NO_TIME, wrongTypes } from "../claim-cases.ts";

const NOW = 1_730_217_600;
const ISSUER = "http://localhost:8080/realms/aauth-test";
const RESOURCE = "http://supply-chain-agent.localhost:3000";
const AGENT = "http://backend.localhost:8000";
const now = () => NOW;

const issuing = {
  signer: tokenSignerOf(keyB),
  issuer: ISSUER,
  audience: RESOURCE,
  agent: AGENT,
  confirmationKey: keyA.publicJwk,
  scope: "supply-chain:optimize",
  now,
};
const expecting = () => ({
  audience: RESOURCE,
  trustedIssuers: [ISSUER],
  discovery: knownKeys([keyB.publicJwk]),
  now,
});

async function forged(claims: Record<string, unknown>, header: Record<string, unknown> = {}) {
  const token = decodeToken((await issueAuthToken(issuing)).token);
  return signJwt({ ...token.header, ...header }, { ...token.claims, ...claims }, (data) => keyB.sign(data));
}

describe("issuing auth tokens", () => {
  it("keeps the member order of the Keycloak extension", async () => {
    const { token, claims } = await issueAuthToken({
      ...issuing,
      subject: "user-1",
      agentDelegate: "worker",
      act: { agent: "http://upstream.localhost:1" },
    });
    const decoded = decodeToken(token);
    expect(Object.keys(decoded.header)).toEqual(["alg", "typ", "kid"]);
    expect(Object.keys(decoded.claims)).toEqual(
      "exp iat nbf iss aud sub agent agent_delegate cnf scope act jti".split(" "),
    );
    expect(Object.keys(claims.cnf.jwk)).toEqual(["kid", "kty", "use", "crv", "x"]);
    expect(claims).toMatchObject({ exp: NOW + 300, iat: NOW, nbf: NOW });
  });

  it("omits absent members, and nbf without an exchange", async () => {
    const { claims } = await issueAuthToken({ ...issuing, agent: undefined } as never);
    expect(Object.keys(claims)).toEqual("exp iat iss aud cnf scope jti".split(" "));
  });

  it.each([
    ["RS256", () => generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["ES256", () => generateKeyPairSync("ec", { namedCurve: "P-256" })],
    ["EdDSA", () => generateKeyPairSync("ed25519")],
  ] as const)("signs with %s, from a KeyObject and from its JWK", async (alg, generate) => {
    const { privateKey } = generate();
    const jwk = { ...createPublicKey(privateKey).export({ format: "jwk" }), kid: "realm", alg, use: "sig" };
    const discovery = knownKeys([jwk as IssuerJwk]);
    for (const source of [privateKey, privateKey.export({ format: "jwk" })]) {
      const signer = await createTokenSigner(source as never, { alg, kid: "realm" });
      const { token } = await issueAuthToken({ ...issuing, signer });
      expect(await codeOf(verifyAuthToken(token, { ...expecting(), discovery }))).toBe("accepted");
    }
  });
});

describe("verifying auth tokens", () => {
  it("returns the verified claims", async () => {
    const { token, claims } = await issueAuthToken(issuing);
    expect(await verifyAuthToken(token, expecting())).toEqual(claims);
  });

  it("accepts iat and nbf up to 5 s ahead", async () => {
    expect(await codeOf(verifyAuthToken(await forged({ iat: NOW + 5, nbf: NOW + 5 }), expecting()))).toBe(
      "accepted",
    );
    expect(await codeOf(verifyAuthToken(await forged({ iat: NOW + 6 }), expecting()))).toBe(
      "token_not_yet_valid",
    );
    expect(await codeOf(verifyAuthToken(await forged({ nbf: NOW + 6 }), expecting()))).toBe(
      "token_not_yet_valid",
    );
  });

  it.each(["exp", "iat", "nbf"])("rejects a %s beyond the range of numbers", async (name) => {
    const { header, claims } = decodeToken(await forged({ [name]: 7 }));
    const [head, body] = [
      JSON.stringify(header),
      JSON.stringify(claims).replace(`"${name}":7`, `"${name}":1e999`),
    ];
    const input = [head, body].map((text) => Buffer.from(text).toString("base64url")).join(".");
    const signature = Buffer.from(await keyB.sign(Buffer.from(input))).toString("base64url");
    expect(await codeOf(verifyAuthToken(`${input}.${signature}`, expecting()))).toBe("malformed_token");
  });

  it("allows no leeway for exp", async () => {
    const token = await forged({ exp: NOW + 1 });
    expect(await codeOf(verifyAuthToken(token, expecting()))).toBe("accepted");
    expect(await codeOf(verifyAuthToken(token, { ...expecting(), now: () => NOW + 1 }))).toBe(
      "token_expired",
    );
  });

  it("accepts a token of Keycloak's extension: odd header spacing, foreign cnf kid, no jti", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const signer = await createTokenSigner(privateKey, {
      alg: "RS256",
      kid: "1vHfeMi9SA8U7VfSJE3wJuSBINeHUyjNcJsgkXYcGBY",
    });
    const header = '{"alg":"RS256","typ" : "auth+jwt","kid" : "1vHfeMi9SA8U7VfSJE3wJuSBINeHUyjNcJsgkXYcGBY"}';
    const spkiHash = createHash("sha256").update(keyA.publicJwk.x).digest("base64url");
    const claims = {
      exp: NOW + 300,
      iat: NOW,
      iss: ISSUER,
      aud: RESOURCE,
      agent: AGENT,
      cnf: { jwk: { kid: spkiHash, kty: "OKP", use: "sig", crv: "Ed25519", x: keyA.publicJwk.x } },
      scope: "supply-chain:optimize",
    };
    const input = `${Buffer.from(header).toString("base64url")}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
    const signature = Buffer.from(await signer.sign(Buffer.from(input))).toString("base64url");
    const jwk = {
      ...publicKey.export({ format: "jwk" }),
      kid: signer.kid,
      use: "sig",
      alg: "RS256",
    } as IssuerJwk;
    const discovery = knownKeys([jwk]);
    expect(await verifyAuthToken(`${input}.${signature}`, { ...expecting(), discovery })).toEqual(claims);
  });

  it.each([
    ["no exp", { exp: undefined }, {}, "token_claim_missing"],
    ["no aud", { aud: undefined }, {}, "token_claim_missing"],
    ["a trailing slash in aud", { aud: `${RESOURCE}/` }, {}, "token_audience_mismatch"],
    ["no iss", { iss: undefined }, {}, "token_claim_missing"],
    ["an issuer that only looks alike", { iss: `${ISSUER}-2` }, {}, "untrusted_issuer"],
    ["no cnf", { cnf: undefined }, {}, "token_claim_missing"],
    ["a cnf without a key", { cnf: { jkt: keyA.thumbprint } }, {}, "malformed_token"],
    ["an RSA key in cnf", { cnf: { jwk: { kty: "RSA", n: "AQAB", e: "AQAB" } } }, {}, "unsupported_key"],
    ["a private key in cnf", { cnf: { jwk: { ...keyA.publicJwk, d: "AAAA" } } }, {}, "unsupported_key"],
    ["an act without agent", { act: { sub: "x" } }, {}, "token_claim_missing"],
    ["another typ", {}, { typ: "resource+jwt" }, "token_type_mismatch"],
    ["alg none", {}, { alg: "none" }, "token_algorithm_not_allowed"],
    ["alg HS256", {}, { alg: "HS256" }, "token_algorithm_not_allowed"],
    ["an alg its key is not for", {}, { alg: "RS256" }, "invalid_token_signature"],
  ])("refuses a token with %s", async (_name, claims, header, expected) => {
    expect(await codeOf(verifyAuthToken(await forged(claims, header), expecting()))).toBe(expected);
  });

  it.each(
    wrongTypes({
      iss: NO_TEXT,
      aud: NO_AUDIENCE,
      sub: NO_TEXT,
      agent: NO_TEXT,
      agent_delegate: NO_TEXT,
      jti: NO_TEXT,
      // A string without a word grants nothing, and is refused with a reason.
      scope: NO_TEXT.filter((value) => value !== ""),
      exp: NO_TIME,
      iat: NO_TIME,
      nbf: NO_TIME,
      cnf: [7, null, "x", {}],
      act: [
        7,
        null,
        "x",
        { agent: "a", agent_delegate: 7 },
        { agent: "a", sub: [] },
        { agent: "a", act: null },
      ],
    }),
  )("X9: refuses a claim of the wrong type: %s", async (_name, claims) => {
    expect(await codeOf(verifyAuthToken(await forged(claims), expecting()))).toBe("malformed_token");
  });

  it("refuses an act nested without end", async () => {
    let act: Record<string, unknown> = { agent: "a" };
    for (let depth = 0; depth < 30; depth++) act = { agent: "a", act };
    expect(await codeOf(verifyAuthToken(await forged({ act }), expecting()))).toBe("malformed_token");
  });

  it("refuses a token of another signer, and one with changed claims", async () => {
    const { token } = await issueAuthToken({ ...issuing, signer: { ...tokenSignerOf(keyA), kid: keyB.kid } });
    expect(await codeOf(verifyAuthToken(token, expecting()))).toBe("invalid_token_signature");
    const [header, , signature] = (await issueAuthToken(issuing)).token.split(".");
    const claims = Buffer.from(JSON.stringify({ ...decodeToken(token).claims, scope: "admin" })).toString(
      "base64url",
    );
    expect(await codeOf(verifyAuthToken(`${header}.${claims}.${signature}`, expecting()))).toBe(
      "invalid_token_signature",
    );
  });

  it("P7, J3, G1, D6: fetches nothing for a token of a foreign issuer, whatever its signature", async () => {
    const expected = expecting();
    const token = await forged({ iss: "http://evil.localhost:1/realms/aauth-test" });
    expect(await codeOf(verifyAuthToken(token, expected))).toBe("untrusted_issuer");
    expect(expected.discovery.asked).toEqual([]);
  });
});

describe("the cache of verified tokens", () => {
  const cached = () => {
    const clock = { seconds: NOW };
    const cache = createVerifiedTokens<VerifiedToken>({ now: () => clock.seconds });
    return { clock, options: { ...expecting(), now: () => clock.seconds, cache } };
  };

  it("spares the second look-up of the key", async () => {
    const { options } = cached();
    const { token } = await issueAuthToken(issuing);
    await verifyAuthToken(token, options);
    await verifyAuthToken(token, options);
    expect(options.discovery.asked).toHaveLength(1);
  });

  it("judges audience, issuer and times again on every use", async () => {
    const { options, clock } = cached();
    const { token } = await issueAuthToken({ ...issuing, lifetimeSeconds: 100 });
    await verifyAuthToken(token, options);
    const elsewhere = { ...options, audience: "https://other.example" };
    expect(await codeOf(verifyAuthToken(token, elsewhere))).toBe("token_audience_mismatch");
    expect(await codeOf(verifyAuthToken(token, { ...options, trustedIssuers: [] }))).toBe("untrusted_issuer");
    clock.seconds += 100;
    expect(await codeOf(verifyAuthToken(token, options))).toBe("token_expired");
  });

  it("does not accept a token because of known claims", async () => {
    const { options } = cached();
    const { token } = await issueAuthToken(issuing);
    await verifyAuthToken(token, options);
    const [header, claims] = token.split(".");
    const forgery = `${header}.${claims}.${Buffer.alloc(64, 1).toString("base64url")}`;
    expect(await codeOf(verifyAuthToken(forgery, options))).toBe("invalid_token_signature");
  });

  it("hands out claims that no receiver can change for the others", async () => {
    const { options } = cached();
    const { token } = await issueAuthToken(issuing);
    const claims = await verifyAuthToken(token, options);
    expect(() => Object.assign(claims, { scope: "admin" })).toThrow(TypeError);
    expect(() => Object.assign(claims.cnf.jwk, { x: "other" })).toThrow(TypeError);
  });
});

describe("naming a token", () => {
  it("uses jti, else eight hex digits of the hash, and never fails", async () => {
    const { token, claims } = await issueAuthToken(issuing);
    expect(tokenId(token)).toBe(claims.jti);
    const anonymous = await forged({ jti: undefined });
    expect(tokenId(anonymous)).toBe(createHash("sha256").update(anonymous).digest("hex").slice(0, 8));
    expect(tokenId("opaque")).toMatch(/^[0-9a-f]{8}$/);
    // A foreign jti must not write into a log.
    expect(tokenId(await forged({ jti: "x\nINFO: forged line" }))).toMatch(/^[0-9a-f]{8}$/);
  });
});
