import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeAnyBase64,
  decodeBase64,
  decodeBase64Url,
  encodeBase64,
  encodeBase64Url,
} from "../src/base64.ts";

describe("base64", () => {
  test("encodes as the platform does", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
        expect(encodeBase64Url(bytes)).toBe(Buffer.from(bytes).toString("base64url"));
      }),
    );
  });

  test("decodes what it encodes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
        expect(decodeBase64Url(encodeBase64Url(bytes))).toEqual(bytes);
      }),
    );
  });

  test("takes no text but the one it would write itself", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."AB/+_-=Q\n éZ"), maxLength: 12 }), (text) => {
        const standard = decodeBase64(text);
        if (standard) expect(encodeBase64(standard)).toBe(text);
        const urlSafe = decodeBase64Url(text);
        if (urlSafe) expect(encodeBase64Url(urlSafe)).toBe(text);
      }),
    );
  });

  test.each([
    ["padded standard", "+/8="],
    ["unpadded standard", "+/8"],
    ["padded url-safe", "-_8="],
    ["unpadded url-safe", "-_8"],
  ])("any base64 takes %s", (_, text) => {
    expect(decodeAnyBase64(text)).toEqual(new Uint8Array([0xfb, 0xff]));
  });

  test.each([
    ["mixed alphabets", "+_8="],
    ["stray bits", "+/9="],
    ["one character of a group", "AAAAA"],
    ["short padding", "AA="],
    ["padding of a whole group", "AAAA="],
    ["padding inside", "AA==AAAA"],
    ["only padding", "=="],
    ["white space", "AA AA"],
    ["non-ASCII", "AAAé"],
    ["a character whose low byte is a digit", "AAA\u0141"],
  ])("any base64 refuses %s", (_, text) => {
    expect(decodeAnyBase64(text)).toBeUndefined();
  });
});
