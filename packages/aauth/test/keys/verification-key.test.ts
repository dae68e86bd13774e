import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jwkThumbprint } from "../../src/keys/thumbprint.ts";
import { importVerificationKey } from "../../src/keys/verification-key.ts";
import { expectRefusal, passesOrRefuses } from "../refusal.ts";
import keys from "../vectors/keys.json" with { type: "json" };

const { d, ...publicJwk } = keys.A.jwk;
const message = Buffer.from("a message");

describe("importVerificationKey", () => {
  test.each(["sync", "pool"] as const)("verifies (%s)", async (cryptoMode) => {
    const key = await importVerificationKey(publicJwk, { cryptoMode });
    const signature = sign(null, message, createPrivateKey({ key: { ...publicJwk, d }, format: "jwk" }));
    expect(await key.verify(message, signature)).toBe(true);
    expect(await key.verify(Buffer.from("another"), signature)).toBe(false);
    expect(key.thumbprint).toBe(keys.A.thumbprint);
  });

  test("keeps kty, crv and x only", async () => {
    const key = await importVerificationKey({ ...publicJwk, kid: "k", use: "sig", alg: "EdDSA", note: 1 });
    expect(key.publicJwk).toEqual(publicJwk);
  });

  test("imports a key once", async () => {
    expect(await importVerificationKey(publicJwk)).toBe(
      await importVerificationKey({ ...publicJwk, kid: "other" }),
    );
  });

  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["another kty", { ...publicJwk, kty: "EC" }],
    ["another curve", { ...publicJwk, crv: "X25519" }],
    ["no x", { kty: "OKP", crv: "Ed25519" }],
    ["a short x", { ...publicJwk, x: publicJwk.x.slice(0, 42) }],
    ["an x with stray bits", { ...publicJwk, x: `${publicJwk.x.slice(0, 42)}t` }],
    ["an x in standard base64", { ...publicJwk, x: publicJwk.x.replace("_", "/").replaceAll("-", "+") }],
    ["another use", { ...publicJwk, use: "enc" }],
    ["another algorithm", { ...publicJwk, alg: "RS256" }],
    ...["d", "k", "p", "q", "dp", "dq", "qi", "oth"].map((name): [string, unknown] => [
      `the private member ${name}`,
      { ...publicJwk, [name]: "AAAA" },
    ]),
  ])("refuses %s", async (_, jwk) => {
    await expectRefusal("unsupported_key", () => importVerificationKey(jwk));
  });

  describe("P-256", () => {
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const p256 = pair.publicKey.export({ format: "jwk" }) as {
      kty: string;
      crv: string;
      x: string;
      y: string;
    };

    test.each(["sync", "pool"] as const)("verifies (%s)", async (cryptoMode) => {
      const key = await importVerificationKey(
        { ...p256, kid: "k", use: "sig", alg: "ES256" },
        { cryptoMode },
      );
      const signature = sign("sha256", message, { key: pair.privateKey, dsaEncoding: "ieee-p1363" });
      expect(await key.verify(message, signature)).toBe(true);
      expect(await key.verify(Buffer.from("another"), signature)).toBe(false);
      expect(await key.verify(message, sign("sha256", message, pair.privateKey))).toBe(false);
      expect([key.alg, key.publicJwk]).toEqual(["ES256", p256]);
      expect(key.thumbprint).toBe(await jwkThumbprint(p256 as never));
    });

    test("is refused if only Ed25519 is accepted, and Ed25519 if only P-256 is", async () => {
      for (const [jwk, algorithms] of [
        [p256, ["Ed25519"]],
        [publicJwk, ["ES256"]],
      ] as const) {
        // Known to the process already, which changes nothing.
        await importVerificationKey(jwk);
        await expectRefusal("unsupported_key", () => importVerificationKey(jwk, { algorithms }));
      }
    });

    test("two keys with one x are two keys", async () => {
      // The point below the axis: same x, and p - y for y.
      const p = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
      const negated = p - BigInt(`0x${Buffer.from(p256.y, "base64url").toString("hex")}`);
      const y = Buffer.from(negated.toString(16).padStart(64, "0"), "hex").toString("base64url");
      const [one, other] = [await importVerificationKey(p256), await importVerificationKey({ ...p256, y })];
      expect(one.thumbprint).not.toBe(other.thumbprint);
      const signature = sign("sha256", message, { key: pair.privateKey, dsaEncoding: "ieee-p1363" });
      expect([await one.verify(message, signature), await other.verify(message, signature)]).toEqual([
        true,
        false,
      ]);
    });

    test.each<[string, (jwk: typeof p256) => object]>([
      ["another curve by name", (jwk) => ({ ...jwk, crv: "P-384" })],
      [
        "another curve",
        () => generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey.export({ format: "jwk" }),
      ],
      [
        "a point of another curve",
        () => ({
          ...generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey.export({ format: "jwk" }),
          crv: "P-256",
        }),
      ],
      ["a point off its curve", (jwk) => ({ ...jwk, y: jwk.x })],
      ["the point (0, 0)", (jwk) => ({ ...jwk, x: "A".repeat(43), y: "A".repeat(43) })],
      [
        "a coordinate of the field's size and more",
        (jwk) => ({ ...jwk, x: Buffer.alloc(32, 0xff).toString("base64url") }),
      ],
      ["no y", ({ y: _, ...jwk }) => jwk],
      ["a short y", (jwk) => ({ ...jwk, y: jwk.y.slice(0, 42) })],
      ["another key type", (jwk) => ({ ...jwk, kty: "OKP" })],
      ["a private member", (jwk) => ({ ...jwk, d: "AAAA" })],
    ])("refuses %s", async (_, change) => {
      await expectRefusal("unsupported_key", () => importVerificationKey(change(p256)));
    });
  });

  test("never throws anything but an AAuthError", async () => {
    const jwk = fc.oneof(
      fc.anything(),
      fc.record({ kty: fc.constant("OKP"), crv: fc.constant("Ed25519"), x: fc.string() }),
      fc.record({ kty: fc.constant("EC"), crv: fc.constant("P-256"), x: fc.base64String(), y: fc.string() }),
    );
    await fc.assert(fc.asyncProperty(jwk, (value) => passesOrRefuses(() => importVerificationKey(value))));
  });

  describe("points of small order, with which one signature verifies many messages", () => {
    const low = [
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ].flatMap((hex) => {
      const bytes = Buffer.from(hex, "hex");
      const signed = Buffer.from(bytes);
      signed[31]! |= 0x80;
      return [bytes, signed];
    });

    test.each(low.map((bytes) => bytes.toString("base64url")))("refuses %s", async (x) => {
      await expectRefusal("unsupported_key", () => importVerificationKey({ kty: "OKP", crv: "Ed25519", x }));
    });
  });
});
