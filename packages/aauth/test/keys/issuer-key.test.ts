import { generateKeyPairSync } from "node:crypto";
import { CompactSign } from "jose";
import { describe, expect, test } from "vitest";
import { decodeBase64Url } from "../../src/base64.ts";
import { platformCrypto as web } from "../../src/crypto/web.ts";
import { importIssuerKey } from "../../src/keys/issuer-key.ts";
import type { IssuerJwk } from "../../src/types.ts";
import { expectRefusal } from "../refusal.ts";

const pairs = {
  RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: generateKeyPairSync("ed25519"),
};
const algorithms = ["RS256", "ES256", "EdDSA"] as const;
const publicJwk = (algorithm: keyof typeof pairs) =>
  pairs[algorithm].publicKey.export({ format: "jwk" }) as unknown as IssuerJwk;

/** What another library signs. */
async function signed(algorithm: keyof typeof pairs) {
  const token = await new CompactSign(new TextEncoder().encode('{"iss":"https://a.example"}'))
    .setProtectedHeader({ alg: algorithm })
    .sign(pairs[algorithm].privateKey);
  const end = token.lastIndexOf(".");
  return {
    data: new TextEncoder().encode(token.slice(0, end)),
    signature: decodeBase64Url(token.slice(end + 1))!,
  };
}

describe("importIssuerKey", () => {
  test.each(algorithms)("verifies %s, and nothing that was changed", async (algorithm) => {
    const { data, signature } = await signed(algorithm);
    for (const key of [
      await importIssuerKey(publicJwk(algorithm), algorithm),
      await web.importJws(publicJwk(algorithm), algorithm),
    ]) {
      expect(await key.verify(data, signature)).toBe(true);
      expect(await key.verify(data.slice(1), signature)).toBe(false);
      expect(await key.verify(data, signature.slice(1))).toBe(false);
      const flipped = signature.slice();
      flipped[10]! ^= 1;
      expect(await key.verify(data, flipped)).toBe(false);
    }
  });

  test.each(
    algorithms.flatMap((one) => algorithms.map((two) => [one, two] as const)).filter(([a, b]) => a !== b),
  )("a key of %s is none for %s", async (one, two) => {
    await expectRefusal("unsupported_key", () => importIssuerKey(publicJwk(one), two));
  });

  test("members beyond the key do not matter, unless they say that it is for something else", async () => {
    const jwk = publicJwk("RS256");
    await importIssuerKey(
      { ...jwk, alg: "RS256", use: "sig", key_ops: ["sign"], x5c: [], ext: "no" },
      "RS256",
    );
    await importIssuerKey({ ...publicJwk("EdDSA"), alg: "Ed25519" }, "EdDSA");
    await expectRefusal("unsupported_key", () => importIssuerKey({ ...jwk, use: "enc" }, "RS256"));
    await expectRefusal("unsupported_key", () => importIssuerKey({ ...jwk, alg: "PS256" }, "RS256"));
  });

  test.each([
    ["no modulus", { kty: "RSA", e: "AQAB" }],
    [
      "a modulus of 1024 bits",
      generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" }),
    ],
    ["a modulus of 16384 bits", { ...publicJwk("RS256"), n: "_".repeat(2731).slice(0, 2728) }],
    ["a modulus that is no text", { ...publicJwk("RS256"), n: 5 }],
    ["a modulus that is no base64url", { ...publicJwk("RS256"), n: `${publicJwk("RS256").n}=` }],
    ["no exponent", { ...publicJwk("RS256"), e: undefined }],
    ["a private key", pairs.RS256.privateKey.export({ format: "jwk" })],
    ["a symmetric key", { kty: "oct", k: "AAAA" }],
  ])("refuses %s", async (_, jwk) => {
    await expectRefusal("unsupported_key", () => importIssuerKey(jwk as IssuerJwk, "RS256"));
  });

  test.each([
    ["another curve", generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey.export({ format: "jwk" })],
    ["a point that is not on the curve", { ...publicJwk("ES256"), y: publicJwk("ES256").x }],
    ["no point", { kty: "EC", crv: "P-256" }],
  ])("refuses %s", async (_, jwk) => {
    await expectRefusal("unsupported_key", () => importIssuerKey(jwk as IssuerJwk, "ES256"));
  });
});
