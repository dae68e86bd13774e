import { describe, expect, test } from "vitest";
import { readNonce } from "../../src/february-2026/nonce.ts";
import { expectRefusal } from "../refusal.ts";

const nonce = "Y3VyaW91c2x5Y3VyaW91cw";

describe("readNonce", () => {
  test("returns the nonce, or undefined without one", () => {
    expect(readNonce({ method: "POST", headers: { nonce } })).toBe(nonce);
    expect(readNonce({ method: "POST", headers: {} })).toBeUndefined();
  });

  test.each([
    ["nothing", ""],
    ["11 bytes", "AAAAAAAAAAAAAAA"],
    ["too many bytes", "A".repeat(132)],
    ["padding", "AAAAAAAAAAAAAAAAAA=="],
    ["standard base64", "AAAAAAAAAAAAAAA+"],
    ["two nonces", "AAAAAAAAAAAAAAAA, BBBBBBBBBBBBBBBB"],
  ])("refuses %s", async (_, value) => {
    await expectRefusal("malformed_nonce", () => readNonce({ method: "POST", headers: { nonce: value } }));
  });

  test.each(["POST", "DELETE", "CUSTOM"])("demands one of %s by policy", async (method) => {
    await expectRefusal("nonce_required", () => readNonce({ method, headers: {} }, true));
  });

  test.each(["GET", "HEAD", "OPTIONS"])("does not require a nonce of %s", (method) => {
    expect(readNonce({ method, headers: {} }, true)).toBeUndefined();
  });
});
