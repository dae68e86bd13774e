import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatSignature, parseSignature } from "../../src/http-signatures/signature.ts";
import { hostileText } from "../hostile-text.ts";
import { expectRefusal, passesOrRefuses } from "../refusal.ts";

const bytes = new Uint8Array(64).map((_, index) => 255 - index * 3);
const standard = Buffer.from(bytes).toString("base64");
const urlSafe = Buffer.from(bytes).toString("base64url");

describe("parseSignature", () => {
  test.each([
    ["base64url without padding, as Python agents send", urlSafe],
    ["base64url with padding", `${urlSafe}==`],
    ["base64 with padding, as RFC 8941 has it", standard],
    ["base64 without padding", standard.slice(0, -2)],
  ])("accepts %s", (_, text) => {
    expect(parseSignature(` sig1=:${text}: `)).toEqual({ label: "sig1", bytes });
  });

  test.each([
    ["nothing", ""],
    ["no label", `:${standard}:`],
    ["no colons", `sig1=${standard}`],
    ["a quoted string", `sig1="${standard}"`],
    ["a parameter", `sig1=:${standard}:;a=1`],
    ["63 bytes", `sig1=:${Buffer.from(bytes.subarray(1)).toString("base64")}:`],
    ["65 bytes", `sig1=:${Buffer.from([0, ...bytes]).toString("base64")}:`],
    ["stray bits after the last byte", `sig1=:${urlSafe.slice(0, -1)}${urlSafe.endsWith("A") ? "B" : "_"}:`],
    ["both alphabets mixed", `sig1=:${standard.replace("/", "_")}:`],
    ["whitespace inside", `sig1=:${standard.replace("/", " ")}:`],
    ["P6: a second member", `sig1=:${standard}:, sig2=:${standard}:`],
    ["P6: the same member twice", `sig1=:${standard}:, sig1=:${standard}:`],
  ])("refuses %s", async (_, value) => {
    await expectRefusal("malformed_signature", () => parseSignature(value));
  });

  test("refuses an oversize header before it parses it", async () => {
    await expectRefusal("header_too_large", () => parseSignature(`sig1=:${"A".repeat(20_000)}:`));
  });

  test("throws only AAuthErrors, for any input", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, (value) => passesOrRefuses(() => parseSignature(value))),
      { numRuns: 400 },
    );
  });

  test("reads the output of formatSignature, in both encodings", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        fc.constantFrom("base64url", "sf-binary"),
        (signature, encoding) => {
          const value = formatSignature("sig1", signature, encoding);
          expect(parseSignature(value)).toEqual({ label: "sig1", bytes: signature });
          expect(value).toHaveLength(encoding === "base64url" ? 93 : 95);
        },
      ),
    );
  });
});
