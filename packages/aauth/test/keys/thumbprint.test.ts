import { describe, expect, test } from "vitest";
import { jwkThumbprint } from "../../src/keys/thumbprint.ts";
import { expectRefusal } from "../refusal.ts";
import vectors from "../vectors/thumbprints.json" with { type: "json" };

describe("jwkThumbprint", () => {
  test.each(vectors)("$source ($thumbprint)", async ({ jwk, thumbprint }) => {
    expect(await jwkThumbprint(jwk)).toBe(thumbprint);
  });

  test.each([
    ["an unknown type", { kty: "oct", k: "AAAA" }],
    ["a type every object has", { kty: "constructor" }],
    ["a missing member", { kty: "OKP", crv: "Ed25519" }],
    ["a member of another type", { kty: "RSA", e: "AQAB", n: 5 }],
  ])("refuses %s", async (_, jwk) => {
    await expectRefusal("unsupported_key", () => jwkThumbprint(jwk));
  });
});
