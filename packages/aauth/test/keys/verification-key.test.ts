import { createPrivateKey, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
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

  test.each(["fast", null])("knows no mode %j", async (cryptoMode) => {
    const importing = importVerificationKey(publicJwk, { cryptoMode: cryptoMode as never });
    await expect(importing).rejects.toThrow(new TypeError("cryptoMode must be sync or pool"));
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
    ["a text", "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"],
    ["another kty", { ...publicJwk, kty: "EC" }],
    ["another curve", { ...publicJwk, crv: "X25519" }],
    ["no x", { kty: "OKP", crv: "Ed25519" }],
    ["an x of another type", { ...publicJwk, x: 7 }],
    ["a short x", { ...publicJwk, x: publicJwk.x.slice(0, 42) }],
    ["a long x", { ...publicJwk, x: `${publicJwk.x}A` }],
    ["a padded x", { ...publicJwk, x: `${publicJwk.x}=` }],
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

  test("never throws anything but an AAuthError", async () => {
    const jwk = fc.oneof(
      fc.anything(),
      fc.record({ kty: fc.constant("OKP"), crv: fc.constant("Ed25519"), x: fc.string() }),
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
