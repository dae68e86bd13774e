import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { visibleFields, visibleLines, visibleText } from "../src/visible-text.ts";

/**
 * Characters that must not reach a terminal or a log, as code points, so that this file stays
 * readable.
 */
const HIDDEN: readonly (readonly [from: number, to: number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x180e, 0x180e],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x2064],
  [0x2066, 0x206f],
  [0xd800, 0xdfff],
  [0xfeff, 0xfeff],
  [0xe0001, 0xe0001],
  [0xe0020, 0xe007f],
];

describe("A10, A15: a string of others", () => {
  test("A10, A15: has every control, bidi, zero-width and separating character spelled out", () => {
    for (const [from, to] of HIDDEN) {
      for (let code = from; code <= to; code++) {
        const shown = visibleText(`a${String.fromCodePoint(code)}b`);
        expect(shown, code.toString(16)).toMatch(/^a(?:\\u[0-9a-f]{4}){1,2}b$/);
      }
    }
    expect(visibleText("a\u202eb")).toBe("a\\u202eb");
    expect(visibleText("\u001b[2J\u2028\u{e0041}")).toBe("\\u001b[2J\\u2028\\udb40\\udc41");
  });

  test("is left alone where a reader sees all of it", () => {
    const text = 'é ü ß 漢字 עברית العربية 🔐 ⚠️ "quoted" \\ e\u0301';
    expect(visibleText(text)).toBe(text);
  });

  test("stays one line of visible characters, whatever it is, and JSON keeps its value", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => {
        expect(visibleText(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        const json = visibleText(JSON.stringify({ [text]: text }));
        expect(json).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(JSON.parse(json)).toEqual({ [text]: text });
      }),
    );
  });

  test("of several lines keeps their ends and nothing else", () => {
    expect(visibleLines("a\r\n\tb\u2028c")).toBe("a\\u000d\n\\u0009b\\u2028c");
  });

  test("in plain data is found wherever it is, names included", () => {
    const data = { "a\u202e": ["\u0007", { b: "x\ny" }], n: 1, no: null, yes: true, gone: undefined };
    expect(visibleFields(data)).toEqual({
      "a\\u202e": ["\\u0007", { b: "x\\u000ay" }],
      n: 1,
      no: null,
      yes: true,
      gone: undefined,
    });
    const own = visibleFields(JSON.parse('{"__proto__": {"a": "\\u202e"}}')) as object;
    expect(JSON.stringify(own)).toBe('{"__proto__":{"a":"\\\\u202e"}}');
  });
});
