import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { exportJWK, generateKeyPair, importJWK, type JWK, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { TOKEN_ALGORITHMS, TOKEN_TYPES } from "../../src/february-2026/names.ts";
import { checkHeader } from "../../src/tokens/claim-checks.ts";
import { decodeJwt, signJwt, verifyJwt } from "../../src/tokens/jwt.ts";
import { tokenKey } from "../../src/tokens/token-key.ts";
import { createTokenSigner } from "../../src/tokens/token-signer.ts";
import type { IssuerJwk, TokenAlgorithm } from "../../src/types.ts";
import { codeOf } from "../claim-cases.ts";

const TYPE = TOKEN_TYPES.auth;
const claims = { iss: "https://auth.example", exp: 4_000_000_000, cnf: { jwk: { kty: "OKP" } } };

interface Issuer {
  readonly alg: TokenAlgorithm;
  readonly jwk: IssuerJwk;
  readonly privateJwk: JWK & { kty: string };
  /** Signs any two strings as header and claims. */
  signRaw(header: string, payload: string): string;
}

async function issuerOf(alg: TokenAlgorithm): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const privateJwk = (await exportJWK(privateKey)) as JWK & { kty: string };
  const key = createPrivateKey({ key: { ...privateJwk } as never, format: "jwk" });
  return {
    alg,
    jwk: (await exportJWK(publicKey)) as IssuerJwk,
    privateJwk,
    signRaw(header, payload) {
      const input = `${encode(header)}.${encode(payload)}`;
      return `${input}.${sign(alg === "EdDSA" ? null : "sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
    },
  };
}

const encode = (text: string) => Buffer.from(text).toString("base64url");
const issuers = await Promise.all((["RS256", "ES256", "EdDSA"] as const).map(issuerOf));

/** The checks of a token that come before the checks of its claims. */
async function ours(token: string, { jwk, alg }: Pick<Issuer, "jwk" | "alg">): Promise<object> {
  const decoded = decodeJwt(token);
  const { alg: named } = checkHeader(decoded, { type: TYPE, algorithms: TOKEN_ALGORITHMS });
  expect(named).toBe(alg);
  await verifyJwt(token, jwk, named, "the key");
  return decoded.claims;
}

async function joses(token: string, { jwk, alg }: Pick<Issuer, "jwk" | "alg">): Promise<object> {
  const key = await importJWK(jwk as JWK, alg);
  return (await jwtVerify(token, key, { algorithms: [alg], typ: TYPE })).payload;
}

/** Claims that jose does not check. */
const otherClaims = fc.dictionary(
  fc.string({ maxLength: 12 }).map((name) => `x-${name}`),
  fc.jsonValue({ maxDepth: 3 }),
  { maxKeys: 5 },
);

describe.each(issuers)("$alg", (issuer) => {
  const { alg, jwk } = issuer;
  const header = JSON.stringify({ alg, typ: TYPE, kid: "k" });
  const good = issuer.signRaw(header, JSON.stringify(claims));

  test("jose verifies our tokens", async () => {
    const signer = await createTokenSigner(issuer.privateJwk, { alg, kid: "k" });
    const property = fc.asyncProperty(otherClaims, async (more) => {
      const sent = { ...claims, ...more };
      const token = await signJwt({ alg, typ: TYPE, kid: "k" }, sent, (data) => signer.sign(data));
      expect(await joses(token, issuer)).toEqual(JSON.parse(JSON.stringify(sent)));
    });
    await fc.assert(property, { numRuns: 25 });
  });

  test("a token with any character changed is refused", async () => {
    expect(await codeOf(ours(good, issuer))).toBe("accepted");
    const change = fc.tuple(fc.nat({ max: good.length - 1 }), fc.constantFrom(..."Aa0-_.+/= \n\u00e9"));
    const property = fc.asyncProperty(change, async ([place, character]) => {
      fc.pre(good[place] !== character);
      const changed = good.slice(0, place) + character + good.slice(place + 1);
      expect(await codeOf(ours(changed, issuer))).not.toBe("accepted");
    });
    await fc.assert(property, { numRuns: 150 });
  });

  test("the signature of another key, and of another token, is refused", async () => {
    const other = (await issuerOf(alg)).signRaw(header, JSON.stringify(claims));
    const swapped = issuer.signRaw(header, JSON.stringify({ ...claims, exp: 4_000_000_001 }));
    const signatureOf = (token: string) => token.slice(token.lastIndexOf("."));
    for (const signature of [signatureOf(other), signatureOf(swapped)]) {
      const token = good.slice(0, good.lastIndexOf(".")) + signature;
      expect(await codeOf(ours(token, issuer))).toBe("invalid_token_signature");
    }
  });

  const payload = JSON.stringify(claims);
  const headerWith = (members: object) => JSON.stringify({ alg, typ: TYPE, kid: "k", ...members });
  const [head = "", body = "", signature = ""] = good.split(".");

  test.each([
    [
      "alg none with one",
      issuer.signRaw(headerWith({ alg: "none" }), payload),
      "token_algorithm_not_allowed",
    ],
    ["no alg", issuer.signRaw(headerWith({ alg: undefined }), payload), "token_algorithm_not_allowed"],
    ["another typ", issuer.signRaw(headerWith({ typ: "JWT" }), payload), "token_type_mismatch"],
    ["a kid that is no string", issuer.signRaw(headerWith({ kid: 7 }), payload), "malformed_token"],
    [
      "a critical extension",
      issuer.signRaw(headerWith({ crit: ["exp"], exp: 1 }), payload),
      "malformed_token",
    ],
    ["four parts", `${good}.${signature}`, "malformed_token"],
    ["five parts, as an encrypted token", `${good}.${signature}.${signature}`, "malformed_token"],
    ["an empty payload", `${head}..${signature}`, "malformed_token"],
    ["a payload that is no object", issuer.signRaw(header, "[]"), "malformed_token"],
    ["a header that is no JSON", issuer.signRaw(`${header}}`, payload), "malformed_token"],
    [
      "bytes that are no UTF-8",
      `${head}.${Buffer.from([0x7b, 0xff, 0x7d]).toString("base64url")}.${signature}`,
      "malformed_token",
    ],
  ])("refuses %s", async (_, token, code) => {
    expect(await codeOf(ours(token, issuer))).toBe(code);
  });

  test.each([
    ["a name twice in the header", issuer.signRaw(`{"alg":"none",${header.slice(1)}`, payload)],
    [
      "a name twice in the payload",
      issuer.signRaw(header, `{"iss":"https://other.example",${payload.slice(1)}`),
    ],
    ["a name twice further down", issuer.signRaw(header, `{"a":[{"b":1,"b":2}],${payload.slice(1)}`)],
    [
      "more than 64 levels",
      issuer.signRaw(header, `{"a":${"[".repeat(64)}${"]".repeat(64)},${payload.slice(1)}`),
    ],
    ["a byte order mark", issuer.signRaw(header, `\ufeff${payload}`)],
    ["a payload that is not encoded", issuer.signRaw(headerWith({ b64: false }), payload)],
    ["more than 16 KiB", issuer.signRaw(header, JSON.stringify({ ...claims, x: "x".repeat(12_500) }))],
    ["padding", `${good}${"=".repeat((4 - (signature.length % 4)) % 4 || 2)}`],
    ["a line break inside", `${head}.${body}.\n${signature}`],
  ])("refuses %s, which jose may accept", async (_, token) => {
    expect(await codeOf(ours(token, issuer))).toBe("malformed_token");
  });

  test("accepts names that only look like duplicates", async () => {
    const text = `{"a":"\\":\\\\","a\\\\":{"a":1},"b":[{"a":1},{"a":2}],"__proto__":1,${payload.slice(1)}`;
    expect(await ours(issuer.signRaw(header, text), issuer)).toEqual(JSON.parse(text));
  });

  test.each([
    ["for encryption", { use: "enc" }],
    ["for another algorithm", { alg: "PS256" }],
    ["for signing only", { key_ops: ["sign"] }],
    ["with private members", { d: "AAAA" }],
    ["of another type", { kty: "oct", k: "AAAA" }],
    ["without its bytes", { n: undefined, x: undefined }],
    ["with bytes in another spelling", { n: `${jwk.n}=`, x: `${jwk.x}=` }],
  ])("refuses a key %s", async (_, members) => {
    const changed = { ...jwk, ...members } as IssuerJwk;
    expect(await codeOf(ours(good, { alg, jwk: changed }))).toBe("invalid_token_signature");
  });

  test("accepts a key that states its use", async () => {
    await ours(good, { alg, jwk: { ...jwk, use: "sig", alg, key_ops: ["verify"], kid: "k" } });
  });
});

const [rs256, es256, edDsa] = issuers as [Issuer, Issuer, Issuer];

test.each([
  ["ES256", "P-384", es256],
  ["ES256", "secp256k1", es256],
  ["EdDSA", "X25519", edDsa],
  ["EdDSA", "Ed448", edDsa],
] as const)("%s: refuses a key of the curve %s", async (alg, crv, issuer) => {
  const token = issuer.signRaw(JSON.stringify({ alg, typ: TYPE }), JSON.stringify(claims));
  await ours(token, issuer);
  expect(await codeOf(ours(token, { alg, jwk: { ...issuer.jwk, crv } }))).toBe("invalid_token_signature");
});

test.each(["RS256", "HS256"])(
  "rejects a MAC keyed with the public key as a signature, alg %s",
  async (alg) => {
    const publicKey = createPublicKey({ key: { ...rs256.jwk } as never, format: "jwk" });
    const input = `${encode(JSON.stringify({ alg, typ: TYPE }))}.${encode(JSON.stringify(claims))}`;
    for (const secret of [publicKey.export({ type: "spki", format: "pem" }), JSON.stringify(rs256.jwk)]) {
      const token = `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
      expect(await codeOf(ours(token, rs256))).toBe(
        alg === "RS256" ? "invalid_token_signature" : "token_algorithm_not_allowed",
      );
    }
  },
);

test("a token does not choose the algorithm of a key", async () => {
  for (const issuer of issuers) {
    for (const { jwk } of issuers) {
      if (jwk === issuer.jwk) continue;
      const token = issuer.signRaw(JSON.stringify({ alg: issuer.alg, typ: TYPE }), JSON.stringify(claims));
      expect(await codeOf(ours(token, { alg: issuer.alg, jwk }))).toBe("invalid_token_signature");
    }
  }
});

test("an RSA key below 2048 bits is refused", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const input = `${encode(JSON.stringify({ alg: "RS256", typ: TYPE }))}.${encode(JSON.stringify(claims))}`;
  const token = `${input}.${sign("sha256", Buffer.from(input), privateKey).toString("base64url")}`;
  const jwk = publicKey.export({ format: "jwk" }) as IssuerJwk;
  expect(await codeOf(ours(token, { alg: "RS256", jwk }))).toBe("invalid_token_signature");
});

test("an RSA key whose exponent has more than 32 bits is refused, even with the usual value", async () => {
  const token = rs256.signRaw(JSON.stringify({ alg: "RS256", typ: TYPE }), JSON.stringify(claims));
  const codes = [4, 5].map((length) => {
    const e = Buffer.concat([Buffer.alloc(length - 3), Buffer.from([1, 0, 1])]).toString("base64url");
    return codeOf(ours(token, { alg: "RS256", jwk: { ...rs256.jwk, e } }));
  });
  expect(await Promise.all(codes)).toEqual(["accepted", "invalid_token_signature"]);
});

test("X14: an RSA key of more than 4096 bits is refused before anything is computed with it", async () => {
  const keyOf = (bytes: number) => ({
    ...rs256.jwk,
    n: Buffer.concat([Buffer.from([0xc0]), Buffer.alloc(bytes - 1, 0x55)]).toString("base64url"),
  });
  await tokenKey(keyOf(512), "RS256");
  await expect(tokenKey(keyOf(513), "RS256")).rejects.toThrow(
    'invalid "n": malformed, too short or too long',
  );
  expect(await codeOf(tokenKey(keyOf(513), "RS256"))).toBe("unsupported_key");
});

test("a signature by RSA-PSS, or an ECDSA one in DER, is refused", async () => {
  const pss = { key: { ...rs256.privateJwk } as never, format: "jwk", padding: 6, saltLength: 32 } as const;
  const der = { key: { ...es256.privateJwk } as never, format: "jwk" } as const;
  for (const [issuer, key] of [
    [rs256, pss],
    [es256, der],
  ] as const) {
    const input = `${encode(JSON.stringify({ alg: issuer.alg, typ: TYPE }))}.${encode(JSON.stringify(claims))}`;
    const token = `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
    expect(await codeOf(ours(token, issuer))).toBe("invalid_token_signature");
  }
});

test("keys on another curve, off their curve and of small order are refused", async () => {
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey.export({ format: "jwk" });
  const token = es256.signRaw(JSON.stringify({ alg: "ES256", typ: TYPE }), JSON.stringify(claims));
  expect(await codeOf(ours(token, { alg: "ES256", jwk: p384 as IssuerJwk }))).toBe("invalid_token_signature");
  const offCurve = { ...es256.jwk, y: encode("y".repeat(32)) };
  expect(await codeOf(ours(token, { alg: "ES256", jwk: offCurve }))).toBe("invalid_token_signature");
  const smallOrder = { ...edDsa.jwk, x: Buffer.alloc(32).toString("base64url") };
  const signed = edDsa.signRaw(JSON.stringify({ alg: "EdDSA", typ: TYPE }), JSON.stringify(claims));
  expect(await codeOf(ours(signed, { alg: "EdDSA", jwk: smallOrder }))).toBe("invalid_token_signature");
});
