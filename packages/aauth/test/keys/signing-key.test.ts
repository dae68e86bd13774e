import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { february2026Jwks } from "../../src/february-2026/jwks.ts";
import { toJwks } from "../../src/keys/jwks.ts";
import { generateSigningKey, importSigningKey, type PrivateJwk } from "../../src/keys/signing-key.ts";
import { importVerificationKey } from "../../src/keys/verification-key.ts";
import { expectRefusal } from "../refusal.ts";
import keys from "../vectors/keys.json" with { type: "json" };

const jwk = keys.A.jwk as PrivateJwk;
const message = new TextEncoder().encode("a message");
type P256 = PrivateJwk & { readonly y: string };
const [p256, other256] = [1, 2].map(
  () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" }) as unknown,
) as [P256, P256];

describe("generateSigningKey", () => {
  test("makes a key that signs for its public half", async () => {
    const key = await generateSigningKey({ kid: "key-1" });
    expect(key.publicJwk).toEqual({ kty: "OKP", crv: "Ed25519", x: key.publicJwk.x, kid: "key-1" });
    const verification = await importVerificationKey(key.publicJwk);
    expect(verification.thumbprint).toBe(key.thumbprint);
    expect(await verification.verify(message, await key.sign(message))).toBe(true);
  });
});

describe("importSigningKey", () => {
  test("takes kid from the options, then the key, then the thumbprint", async () => {
    expect((await importSigningKey({ ...jwk, kid: "own" }, { kid: "given" })).kid).toBe("given");
    expect((await importSigningKey({ ...jwk, kid: "own" })).publicJwk.kid).toBe("own");
    expect((await importSigningKey(jwk)).kid).toBe(keys.A.thumbprint);
  });

  test("imports a P-256 key", async () => {
    const key = await importSigningKey({ ...p256, kid: "own", use: "sig" });
    const { d: _, ...publicJwk } = p256;
    expect([key.alg, key.publicJwk]).toEqual(["ES256", { ...publicJwk, kid: "own" }]);
    expect(await (await importVerificationKey(publicJwk)).verify(message, await key.sign(message))).toBe(
      true,
    );
  });

  test.each([jwk, p256])("shows no private half", async (jwk) => {
    expect(JSON.stringify(await importSigningKey(jwk))).not.toContain(jwk.d);
  });

  test.each([
    ["another curve", { ...jwk, crv: "X25519" }],
    ["no d", { ...jwk, d: undefined }],
    ["a short d", { ...jwk, d: jwk.d.slice(1) }],
    ["a d of another key", { ...jwk, d: keys.B.jwk.d }],
    ["a malformed x", { ...jwk, x: "AAAA" }],
    ["P-256: a d of another key", { ...p256, d: other256.d }],
    ["P-256: a y of another key", { ...p256, y: other256.y }],
    ["P-256: no y", { ...p256, y: undefined }],
    ["P-256: a short d", { ...p256, d: p256.d.slice(1) }],
    ["P-256: a d of zero", { ...p256, d: "A".repeat(43) }],
    ["P-384", generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey.export({ format: "jwk" })],
  ])("refuses %s", async (_, bad) => {
    await expectRefusal("unsupported_key", () => importSigningKey(bad as PrivateJwk));
  });
});

test.each(['a"b', "a\\b", "schlüssel", "a\nb", "a\u007f"])(
  "makes and imports no key with a kid that Signature-Key cannot carry: %j",
  async (kid) => {
    const message = 'kid must be printable ASCII without " and \\, as Signature-Key requires';
    await expect(generateSigningKey({ kid })).rejects.toThrow(new TypeError(message));
    await expect(importSigningKey(jwk, { kid })).rejects.toThrow(new TypeError(message));
    await expect(importSigningKey({ ...jwk, kid })).rejects.toThrow(new TypeError(message));
  },
);

describe("toJwks", () => {
  test.each([
    ["kty, crv, x, kid, alg", toJwks, ',"alg":"Ed25519"'],
    ["for readers of February 2026 kty, crv, x, kid", february2026Jwks, ""],
  ])("publishes %s in this order and nothing else", async (_members, publish, more) => {
    const key = await importSigningKey(jwk, { kid: "backend-ephemeral-1" });
    expect(JSON.stringify(publish([key]))).toBe(
      `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"${jwk.x}","kid":"backend-ephemeral-1"${more}}]}`,
    );
  });
});
