import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
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
        for (const whole of [text, "A".repeat(200) + text]) {
          const urlSafe = decodeBase64Url(whole);
          if (urlSafe) expect(encodeBase64Url(urlSafe)).toBe(whole);
        }
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

  test.each([
    ["padding", "AA=="],
    ["stray bits", "-_9"],
    ["one character of a group", "AAAAA"],
    ["the other alphabet", "+/8"],
    ["white space", "AA AA"],
    ["a line break", "AAAA\n"],
    ["non-ASCII", "AAAé"],
    ["a character whose low byte is a digit", "AAA\u0141"],
  ])("base64url refuses %s, short or long", (_, text) => {
    expect(decodeBase64Url(text)).toBeUndefined();
    expect(decodeBase64Url("A".repeat(200) + text)).toBeUndefined();
  });
});

describe("base64 without Node's coder, as in a browser", () => {
  afterEach(() => vi.unstubAllGlobals());

  test("writes and reads the same", async () => {
    const NodeBuffer = Buffer;
    vi.stubGlobal("Buffer", undefined);
    vi.resetModules();
    const browser = await import("../src/base64.ts");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const [standard, urlSafe] = [browser.encodeBase64(bytes), browser.encodeBase64Url(bytes)];
        expect(standard).toBe(NodeBuffer.from(bytes).toString("base64"));
        expect(urlSafe).toBe(NodeBuffer.from(bytes).toString("base64url"));
        expect(browser.decodeBase64(standard)).toEqual(bytes);
        expect(browser.decodeBase64Url(urlSafe)).toEqual(bytes);
        expect(browser.decodeBase64Url(`${urlSafe}=`)).toBeUndefined();
      }),
    );
  });
});
