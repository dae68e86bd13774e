import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AAuthRequirement,
  formatRequirement,
  formatSignatureError,
  formatTokenList,
  parseAccess,
  parseRequirement,
  parseSessionAuthorization,
  parseSignatureError,
  parseTokenList,
} from "../../src/draft-11/headers.ts";
import { hostileText } from "../hostile-text.ts";
import { expectRefusal, passesOrRefuses } from "../refusal.ts";

const URL_AND_CODE = 'url="https://ps.example/interaction"; code="A1B2-C3D4"';

describe("AAuth-Requirement", () => {
  it("refuses a value that is too long", () =>
    expectRefusal("header_too_large", () => parseRequirement(`requirement=${"a".repeat(17_000)}`)));

  it.each<AAuthRequirement>([
    { requirement: "a b" },
    { requirement: "auth-token" },
    { requirement: "auth-token", resourceToken: "é" },
    { requirement: "interaction", url: "http://ps.example", code: "A" },
  ])("does not write %j", (value) => expectRefusal("malformed_challenge", () => formatRequirement(value)));
});

describe("lists of tokens", () => {
  it("does not write another member", () =>
    expectRefusal("malformed_challenge", () => formatTokenList(["a b"])));
});

describe("session tokens", () => {
  it("are one token68", () => {
    expect(parseAccess(" abc-._~+/1== ")).toBe("abc-._~+/1==");
    expect(parseSessionAuthorization("AAuth abc")).toBe("abc");
    expect(parseSessionAuthorization("aauth  abc")).toBe("abc");
    expect(parseSessionAuthorization("Bearer abc")).toBeUndefined();
  });
  it.each(["", " ", "a b", "a, b", "a\u0000", "é", "a=b", '"a"'])("refuses %j", async (value) => {
    await expectRefusal("malformed_challenge", () => parseAccess(value));
    await expectRefusal("malformed_challenge", () => parseSessionAuthorization(`AAuth ${value}`));
  });
});

it("any string is accepted or refused, and an accepted one is unchanged when written and read again", () =>
  fc.assert(
    fc.asyncProperty(
      fc.oneof(
        hostileText,
        fc
          .array(
            fc.constantFrom(
              "requirement=",
              "auth-token",
              "interaction",
              '; resource-token="a"',
              `; ${URL_AND_CODE}`,
              ", ",
              "error=",
              'required_input=("a")',
            ),
            { maxLength: 12 },
          )
          .map((pieces) => pieces.join("")),
      ),
      async (value) => {
        await passesOrRefuses(() => {
          const parsed = parseRequirement(value);
          expect(parseRequirement(formatRequirement(parsed))).toEqual(parsed);
        });
        await passesOrRefuses(() => {
          const parsed = parseSignatureError(value);
          expect(parseSignatureError(formatSignatureError(parsed))).toEqual(parsed);
        });
        await passesOrRefuses(() => {
          const parsed = parseTokenList(value);
          expect(parseTokenList(formatTokenList(parsed))).toEqual(parsed);
        });
        await passesOrRefuses(() => parseAccess(value));
        await passesOrRefuses(() => parseSessionAuthorization(value));
      },
    ),
  ));

it.each(["", "a b", "1a", 'a"'])("refuses to write %j, which is not a token", async (token) => {
  await expectRefusal("malformed_challenge", () => formatSignatureError({ error: token }));
  await expectRefusal("malformed_challenge", () => formatTokenList([token]));
});
