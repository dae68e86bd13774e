import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";

const NodeBuffer = Buffer;
const node = await import("../src/base64.ts");
vi.stubGlobal("Buffer", undefined);
vi.resetModules();
const browser = await import("../src/base64.ts");
vi.unstubAllGlobals();

describe.each([
  ["with Node's coder", node],
  ["without Node's coder, as in a browser", browser],
])("base64 is coded %s", (_, coder) => {
  const { decodeAnyBase64, decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } = coder;

  test("encodes as the platform does", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(encodeBase64(bytes)).toBe(NodeBuffer.from(bytes).toString("base64"));
        expect(encodeBase64Url(bytes)).toBe(NodeBuffer.from(bytes).toString("base64url"));
      }),
    );
  });

  test("decodes its own encoding", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
        expect(decodeBase64Url(encodeBase64Url(bytes))).toEqual(bytes);
      }),
    );
  });

  test("accepts only the string that it would write itself", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."AB/+_-=Q\n éZ"), maxLength: 12 }), (text) => {
        const standard = decodeBase64(text);
        if (standard) expect(encodeBase64(standard)).toBe(text);
        for (const whole of [text, "A".repeat(200) + text]) {
          const urlSafe = decodeBase64Url(whole);
          if (urlSafe) expect(encodeBase64Url(urlSafe)).toBe(whole);
        }
      }),
    );
  });

  test("any base64 accepts the four encodings of some bytes, and no other string", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."AB/+_-=Q\n éZ"), maxLength: 12 }), (text) => {
        const bytes = decodeAnyBase64(text);
        if (bytes === undefined) {
          expect(decodeBase64(text)).toBeUndefined();
          expect(decodeBase64Url(text)).toBeUndefined();
          return;
        }
        const [standard, urlSafe] = [encodeBase64(bytes), encodeBase64Url(bytes)];
        const padding = "=".repeat(standard.length - urlSafe.length);
        expect([standard, standard.replaceAll("=", ""), urlSafe, urlSafe + padding]).toContain(text);
      }),
    );
  });

  test.each([
    ["padding", "AA=="],
    ["stray bits", "-_9"],
    ["one character of a group", "AAAAA"],
    ["the other alphabet", "+/8"],
    ["whitespace", "AA AA"],
    ["a line break", "AAAA\n"],
    ["non-ASCII", "AAAé"],
    ["a character whose low byte is a digit", "AAA\u0141"],
  ])("base64url refuses %s, short or long", (_, text) => {
    expect(decodeBase64Url(text)).toBeUndefined();
    expect(decodeBase64Url("A".repeat(200) + text)).toBeUndefined();
  });
});
