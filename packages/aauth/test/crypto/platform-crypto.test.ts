import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { platformCrypto as node } from "../../src/crypto/node.ts";
import { platformCrypto as web } from "../../src/crypto/web.ts";
import keys from "../vectors/keys.json" with { type: "json" };

const message = new TextEncoder().encode("a message");
const privateJwk = keys.A.jwk as { kty: "OKP"; crv: "Ed25519"; x: string; d: string };

describe.each([
  ["node", node],
  ["web", web],
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

test("both platforms sign alike", async () => {
  const one = await node.importEd25519Private(privateJwk);
  const two = await web.importEd25519Private(privateJwk);
  expect(new Uint8Array(await one.sign(message))).toEqual(new Uint8Array(await two.sign(message)));
});
