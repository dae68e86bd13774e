import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { platformCrypto as node } from "../../src/crypto/node.ts";
import { platformCrypto as sodium } from "../../src/crypto/sodium.ts";
import { platformCrypto as web } from "../../src/crypto/web.ts";
import type { PrivateJwk } from "../../src/keys/signing-key.ts";
import type { KeyAlgorithm, PublicJwk } from "../../src/types.ts";
import { flipS } from "../ecdsa.ts";
import keys from "../vectors/keys.json" with { type: "json" };

const message = new TextEncoder().encode("a message");
const privateJwk = keys.A.jwk as PrivateJwk;
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const messageKeys: [KeyAlgorithm, PrivateJwk][] = [
  ["Ed25519", privateJwk],
  ["ES256", p256.privateKey.export({ format: "jwk" }) as unknown as PrivateJwk],
];
const publicOf = ({ d: _, ...jwk }: PrivateJwk) => jwk as PublicJwk;

describe.each([
  ["node", node],
  ["web", web],
  ["sodium", sodium],
])("%s", (_, crypto) => {
  test.each(["base64", "base64url", "hex"] as const)("digests to %s", async (encoding) => {
    for (const [algorithm, name] of [
      ["sha-256", "sha256"],
      ["sha-512", "sha512"],
    ] as const) {
      const expected = createHash(name).update(message).digest(encoding);
      expect(await crypto.digest(algorithm, message, encoding)).toBe(expected);
      expect(await crypto.digest(algorithm, "a message", encoding)).toBe(expected);
    }
  });

  describe.each(messageKeys)("%s", (alg, jwk) => {
    test("signs and verifies with an imported key", async () => {
      const signer = await crypto.importPrivateKey(jwk);
      const verifier = await crypto.importPublicKey(publicOf(jwk));
      const signature = await signer.sign(message);
      expect(signature).toHaveLength(64);
      const other = new TextEncoder().encode("another message");
      expect(await verifier.verify(message, signature)).toBe(true);
      expect(await verifier.verifyOnPool(message, signature)).toBe(true);
      expect(await verifier.verify(other, signature)).toBe(false);
      expect(await verifier.verifyOnPool(other, signature)).toBe(false);
    });

    test.each([0, 32, 63, 65, 128])("rejects a signature of %i bytes", async (length) => {
      const signer = await crypto.importPrivateKey(jwk);
      const verifier = await crypto.importPublicKey(publicOf(jwk));
      const signature = Buffer.concat([await signer.sign(message), Buffer.alloc(64)]).subarray(0, length);
      expect(await verifier.verify(message, signature)).toBe(false);
      expect(await verifier.verifyOnPool(message, signature)).toBe(false);
    });

    test("makes a key pair that belongs together", async () => {
      const { publicJwk, ...pair } = await crypto.generateKey(alg);
      const coordinates = alg === "ES256" ? ["crv", "kty", "x", "y"] : ["crv", "kty", "x"];
      expect(Object.keys(publicJwk).sort()).toEqual(coordinates);
      const verifier = await crypto.importPublicKey(publicJwk);
      const signature = await pair.sign(message);
      expect(signature).toHaveLength(64);
      expect(await verifier.verify(message, signature)).toBe(true);
      const other = await crypto.importPublicKey((await crypto.generateKey(alg)).publicJwk);
      expect(await other.verify(message, signature)).toBe(false);
    });

    test("agrees with the platform's own verification", async () => {
      const key = createPublicKey({ key: publicOf(jwk) as never, format: "jwk" });
      const signature = await (await crypto.importPrivateKey(jwk)).sign(message);
      const input = { key, dsaEncoding: "ieee-p1363" } as const;
      expect(verify(alg === "Ed25519" ? null : "sha256", message, input, signature)).toBe(true);
    });
  });

  test("an ECDSA signature has two spellings, and neither is DER", async () => {
    const [, jwk] = messageKeys[1]!;
    const verifier = await crypto.importPublicKey(publicOf(jwk));
    const signature = await (await crypto.importPrivateKey(jwk)).sign(message);
    expect(await verifier.verify(message, flipS(signature))).toBe(true);
    expect(await verifier.verify(message, sign("sha256", message, p256.privateKey))).toBe(false);
    for (const half of [0, 32]) {
      const zero = new Uint8Array(signature);
      zero.fill(0, half, half + 32);
      expect(await verifier.verify(message, zero)).toBe(false);
    }
  });

  test("refuses a point off its curve", async () => {
    const jwk = publicOf(messageKeys[1]![1]) as PublicJwk & { kty: "EC" };
    await expect((async () => crypto.importPublicKey({ ...jwk, y: jwk.x }))()).rejects.toThrow();
  });

  test.each([
    ["RS256", () => generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["ES256", () => generateKeyPairSync("ec", { namedCurve: "P-256" })],
    ["EdDSA", () => generateKeyPairSync("ed25519")],
  ] as const)("signs %s, one alone and many at once, and only with a key for it", async (alg, generate) => {
    const pair = generate();
    const jwk = pair.privateKey.export({ format: "jwk" }) as Record<string, unknown>;
    const signer = await crypto.importTokenSigner(jwk, alg);
    const signatures = [await signer.sign(message)];
    signatures.push(...(await Promise.all([1, 2, 3].map(() => signer.sign(message)))));
    for (const signature of signatures) {
      const key = { key: pair.publicKey, dsaEncoding: "ieee-p1363" } as const;
      expect(verify(alg === "EdDSA" ? null : "sha256", message, key, signature)).toBe(true);
    }
    for (const other of ["RS256", "ES256", "EdDSA"] as const) {
      if (other === alg) continue;
      await expect((async () => crypto.importTokenSigner(jwk, other))()).rejects.toThrow();
    }
    const publicJwk = pair.publicKey.export({ format: "jwk" }) as Record<string, unknown>;
    await expect((async () => crypto.importTokenSigner(publicJwk, alg))()).rejects.toThrow();
  });

  test("refuses to sign with an RSA key below 2048 bits", async () => {
    const small = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const privateJwk = small.privateKey.export({ format: "jwk" }) as Record<string, unknown>;
    await expect((async () => crypto.importTokenSigner(privateJwk, "RS256"))()).rejects.toThrow(RangeError);
  });
});

test.each([
  ["web", web],
  ["sodium", sodium],
])("%s signs as node does", async (_, crypto) => {
  const one = await node.importPrivateKey(privateJwk);
  const two = await crypto.importPrivateKey(privateJwk);
  expect(new Uint8Array(await one.sign(message))).toEqual(new Uint8Array(await two.sign(message)));
});
