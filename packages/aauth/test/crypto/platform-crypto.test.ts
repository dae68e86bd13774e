import { createHash, generateKeyPairSync, sign, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { TokenJwk } from "../../src/crypto/interface.ts";
import { platformCrypto as node } from "../../src/crypto/node.ts";
import { platformCrypto as sodium } from "../../src/crypto/sodium.ts";
import { platformCrypto as web } from "../../src/crypto/web.ts";
import keys from "../vectors/keys.json" with { type: "json" };

const message = new TextEncoder().encode("a message");
const privateJwk = keys.A.jwk as { kty: "OKP"; crv: "Ed25519"; x: string; d: string };

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

  test("signs and verifies with an imported key", async () => {
    const signer = await crypto.importEd25519Private(privateJwk);
    const verifier = await crypto.importEd25519Public(privateJwk);
    const signature = await signer.sign(message);
    expect(signature).toHaveLength(64);
    const other = new TextEncoder().encode("another message");
    expect(await verifier.verify(message, signature)).toBe(true);
    expect(await verifier.verifyOnPool(message, signature)).toBe(true);
    expect(await verifier.verify(other, signature)).toBe(false);
    expect(await verifier.verifyOnPool(other, signature)).toBe(false);
  });

  test.each([0, 32, 63, 65, 128])("a signature of %i bytes is none", async (length) => {
    const signer = await crypto.importEd25519Private(privateJwk);
    const verifier = await crypto.importEd25519Public(privateJwk);
    const signature = Buffer.concat([await signer.sign(message), Buffer.alloc(64)]).subarray(0, length);
    expect(await verifier.verify(message, signature)).toBe(false);
    expect(await verifier.verifyOnPool(message, signature)).toBe(false);
  });

  test("signs and verifies nothing at all", async () => {
    const signer = await crypto.importEd25519Private(privateJwk);
    const verifier = await crypto.importEd25519Public(privateJwk);
    const signature = await signer.sign(new Uint8Array());
    expect(await verifier.verify(new Uint8Array(), signature)).toBe(true);
    expect(await verifier.verify(message, signature)).toBe(false);
  });

  test("verifies many at once on the pool", async () => {
    const signer = await crypto.importEd25519Private(privateJwk);
    const verifier = await crypto.importEd25519Public(privateJwk);
    const signature = await signer.sign(message);
    const other = new Uint8Array(message.length);
    const run = () =>
      Promise.all([message, other, message, other].map((data) => verifier.verifyOnPool(data, signature)));
    expect(await Promise.all([run(), run()])).toEqual([
      [true, false, true, false],
      [true, false, true, false],
    ]);
    expect(await run()).toEqual([true, false, true, false]);
  });

  test.each([
    ["RS256", { type: "rsa", modulusLength: 2048 }],
    ["ES256", { type: "ec", namedCurve: "P-256" }],
  ] as const)("verifies %s", async (_, { type, ...parameters }) => {
    const { publicKey, privateKey } = generateKeyPairSync(type as "ec", parameters as { namedCurve: string });
    const signature = sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" });
    const verifier = await crypto.importTokenKey(publicKey.export({ format: "jwk" }) as TokenJwk);
    expect(await verifier.verify(message, signature)).toBe(true);
    expect(await verifier.verify(new Uint8Array(message.length), signature)).toBe(false);
    expect(await verifier.verify(message, new Uint8Array(signature.length))).toBe(false);
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

  test("a key on another curve signs no ES256", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
    const jwk = privateKey.export({ format: "jwk" }) as Record<string, unknown>;
    await expect((async () => crypto.importTokenSigner(jwk, "ES256"))()).rejects.toThrow();
  });

  test("refuses an RSA key below 2048 bits and a point off its curve", async () => {
    const small = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const publicJwk = small.publicKey.export({ format: "jwk" }) as TokenJwk;
    await expect((async () => crypto.importTokenKey(publicJwk))()).rejects.toThrow(RangeError);
    const privateJwk = small.privateKey.export({ format: "jwk" }) as Record<string, unknown>;
    await expect((async () => crypto.importTokenSigner(privateJwk, "RS256"))()).rejects.toThrow(RangeError);
    const point = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
    await expect(
      (async () => crypto.importTokenKey({ ...point, y: point.x } as TokenJwk))(),
    ).rejects.toThrow();
  });

  test("makes a key pair that belongs together", async () => {
    const pair = await crypto.generateEd25519();
    const verifier = await crypto.importEd25519Public({ kty: "OKP", crv: "Ed25519", x: pair.x });
    expect(await verifier.verify(message, await pair.sign(message))).toBe(true);
  });

  test("ASCII to bytes", () => {
    expect([...crypto.encodeAscii('"@method": GET\n')]).toEqual([...Buffer.from('"@method": GET\n')]);
  });

  test("bytes are no window on a shared buffer", () => {
    expect(crypto.randomBytes(16).buffer.byteLength).toBe(16);
  });

  test("random bytes have the length asked for and do not repeat", () => {
    const seen = new Set<string>();
    for (let round = 0; round < 600; round++) seen.add(crypto.randomBytes(16).toString());
    expect(seen.size).toBe(600);
    expect(crypto.randomBytes(0)).toHaveLength(0);
    expect(crypto.randomBytes(5000)).toHaveLength(5000);
  });
});

test.each([
  ["web", web],
  ["sodium", sodium],
])("%s signs as node does", async (_, crypto) => {
  const one = await node.importEd25519Private(privateJwk);
  const two = await crypto.importEd25519Private(privateJwk);
  expect(new Uint8Array(await one.sign(message))).toEqual(new Uint8Array(await two.sign(message)));
});
