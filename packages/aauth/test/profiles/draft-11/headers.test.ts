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
  type SignatureError,
} from "../../../src/profiles/draft-11/headers.ts";
import { hostileText } from "../../hostile-text.ts";
import { expectRefusal, passesOrRefuses } from "../../refusal.ts";
import { hasVectors, vectors } from "./vectors.ts";

const URL_AND_CODE = 'url="https://ps.example/interaction"; code="A1B2-C3D4"';

describe("AAuth-Requirement", () => {
  const forms: [string, AAuthRequirement][] = [
    ["requirement=agent-token", { requirement: "agent-token" }],
    ['requirement=auth-token; resource-token="a.b.c"', { requirement: "auth-token", resourceToken: "a.b.c" }],
    [
      `requirement=interaction; ${URL_AND_CODE}`,
      { requirement: "interaction", url: "https://ps.example/interaction", code: "A1B2-C3D4" },
    ],
    ["requirement=something-new", { requirement: "something-new" }],
  ];
  it.each(forms)("parses and writes %s", (value, parsed) => {
    expect(parseRequirement(value)).toEqual(parsed);
    expect(formatRequirement(parsed)).toBe(value);
  });

  it("ignores unknown members and parameters", () => {
    expect(parseRequirement('a=1, requirement=approval;x="y";resource-token="t", b')).toEqual({
      requirement: "approval",
    });
  });

  it.each([
    ...["", "agent-token", 'requirement="agent-token"', "requirement", "requirement=(a)", "requirement=1"],
    ...[
      "requirement=auth-token",
      'requirement=auth-token; resource-token=""',
      "requirement=auth-token; resource-token=abc",
    ],
    ...["requirement=a, requirement=b", 'requirement=auth-token; resource-token="a"; resource-token="b"'],
    ...[
      "requirement=interaction",
      'requirement=interaction; url="https://ps.example/i"',
      'requirement=interaction; code="A"',
    ],
    `requirement=interaction; ${URL_AND_CODE.replace("https", "http")}`,
    `requirement=interaction; ${URL_AND_CODE.replace("interaction", "interaction?x=1")}`,
    `requirement=interaction; ${URL_AND_CODE.replace("https", "javascript")}`,
  ])("refuses %j", (value) => expectRefusal("malformed_challenge", () => parseRequirement(value)));

  it("refuses what is too long", () =>
    expectRefusal("header_too_large", () => parseRequirement(`requirement=${"a".repeat(17_000)}`)));

  it.each<AAuthRequirement>([
    { requirement: "a b" },
    { requirement: "auth-token" },
    { requirement: "auth-token", resourceToken: "é" },
    { requirement: "interaction", url: "http://ps.example", code: "A" },
  ])("does not write %j", (value) => expectRefusal("malformed_challenge", () => formatRequirement(value)));
});

describe("Signature-Error", () => {
  it("parses and writes the components that have to be covered", () => {
    const parsed: SignatureError = { error: "invalid_input", requiredInput: ["@method", "content-digest"] };
    const value = 'error=invalid_input, required_input=("@method" "content-digest")';
    expect(formatSignatureError(parsed)).toBe(value);
    expect(parseSignatureError(value)).toEqual(parsed);
  });
  it.each([
    "",
    "error",
    'error="x"',
    "error=invalid_input, required_input=a",
    "error=a, error=b",
    "error=a,",
  ])("refuses %j", (value) => expectRefusal("malformed_challenge", () => parseSignatureError(value)));
});

describe("lists of tokens", () => {
  it("are parsed and written", () => {
    expect(parseTokenList(" Ed25519 ,\tES256;q=1")).toEqual(["Ed25519", "ES256"]);
    expect(parseTokenList("")).toEqual([]);
    expect(formatTokenList(["Ed25519", "ES256"])).toBe("Ed25519, ES256");
  });
  it.each(['"Ed25519"', "a b", "a,", "1", "a;b=é", "(a)"])("refuses %j", (value) =>
    expectRefusal("malformed_challenge", () => parseTokenList(value)),
  );
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

it("any text passes or is refused, and what passes is the same when it is written and read again", () =>
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

describe.skipIf(!hasVectors)("vectors", () => {
  it("requirement.json", () => {
    interface Case {
      readonly header: string;
      readonly parsed: { Requirement: string; ResourceToken?: string; URL?: string; Code?: string };
      readonly canonical: boolean;
    }
    for (const { header, parsed, canonical } of vectors<{ cases: Case[] }>("requirement.json").cases) {
      const { Requirement: requirement, ResourceToken: resourceToken, URL: url, Code: code } = parsed;
      const read = parseRequirement(header);
      expect(read).toEqual(JSON.parse(JSON.stringify({ requirement, resourceToken, url, code })));
      if (canonical) expect(formatRequirement(read)).toBe(header);
    }
  });
  it("signature-error.json", () => {
    interface Case {
      readonly header: string;
      readonly code: string;
      readonly canonical: boolean;
      readonly required_input?: readonly string[];
      readonly params?: object;
    }
    for (const { header, code, canonical, required_input, params } of vectors<{ cases: Case[] }>(
      "signature-error.json",
    ).cases) {
      const read = parseSignatureError(header);
      expect(read).toEqual({ error: code, ...(required_input && { requiredInput: required_input }) });
      if (canonical && params === undefined) expect(formatSignatureError(read)).toBe(header);
    }
  });
});
