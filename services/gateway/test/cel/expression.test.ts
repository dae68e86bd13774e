import { describe, expect, test } from "vitest";
import { type CelContext, compileExpression } from "../../src/cel/expression.ts";

const CONTEXT: CelContext = {
  request: {
    method: "POST",
    path: "/x",
    headers: Object.assign(Object.create(null), { one: "a", two: ["a", "b"] }),
  },
  response: null,
  source: { address: "127.0.0.1", port: 5 },
  jwt: null,
  extauthz: {
    text: "a b",
    nothing: null,
    aauth: { scheme: "Jwt", jwt_claims: { aud: ["x", "y"], exp: 3, share: 1.5, __proto__x: 1 } },
  },
};

// tests/contract/gateway/expressions.test.ts has Agentgateway's results for the same expressions.
describe("values and errors", () => {
  test.each<[string, unknown]>([
    // has() is false on something that is no map, true on a present null
    ["has(extauthz.text.agent)", false],
    ["has(extauthz.nothing)", true],
    // contains and in
    ["extauthz.aauth.jwt_claims.aud.contains('z')", false],
    ["extauthz.aauth.contains('scheme')", true],
    ["extauthz.aauth.contains('constructor')", false],
    ["{'a': 1}.contains('a')", true],
    ["'a' in extauthz.text", true],
    ["'c' in extauthz.text", false],
    ["'a b' in extauthz.text.split(' ')", false],
    ['request.headers["two"]', ["a", "b"]],
    // no way to JavaScript's own properties
    ["extauthz.aauth.constructor", "error"],
    ["extauthz.aauth.__proto__", "error"],
    ["request.headers.constructor", "error"],
    // whole numbers are int as far as an int goes, then double; the two do not add up
    ['json("nonsense")', "error"],
    ['json("[9223372036854775807]")[0] == 9223372036854775807', true],
    ['json("[9223372036854775808]")[0] + 0', "error"],
    ['json("[12.0]")[0] + 0.0 == 12.0', true],
    ['json("[1e3]")[0] + 0', "error"],
    ['json("[\\"12\\"]")[0] == "12"', true],
  ])("%s", (source, expected) => {
    const expression = compileExpression(source);
    if (expected === "error") {
      expect(expression.valueOrUndefined(CONTEXT)).toBeUndefined();
      expect(expression.isTrue(CONTEXT)).toBe(false);
    } else {
      expect(expression.valueOrUndefined(CONTEXT)).toEqual(expected);
      expect(expression.isTrue(CONTEXT)).toBe(expected === true);
    }
  });

  test("only true is true", () => {
    for (const source of ["1", "'true'", "extauthz.aauth", "null"]) {
      expect(compileExpression(source).isTrue(CONTEXT)).toBe(false);
    }
  });
});

describe("names that this gateway does not know are refused when the file is loaded", () => {
  test.each([
    "aauth.agent",
    "request.body",
    "response['body']",
    "env.HOME",
    "uuid()",
    "request.path.replace('a', 'b')",
    "request.path.matches('^/x$')",
    "[1].exists(x, y == 1)",
    "[1].exists(x, x == 1) && x == 1",
    "request.path.startsWith(aauth)",
    "[1].contains(aauth)",
    "[1].exists(x, aauth == x)",
    "aauth.exists(x, x == 1)",
    "destination.port",
  ])("%s", (source) => {
    expect(() => compileExpression(source)).toThrow();
  });
});

test.each([
  "has(extauthz.aauth.Agent)",
  "extauthz.aauth.jwt_claims.Scope.contains('A')",
  'request.headers["x-one"].startsWith("X-One")',
])("accepts %s, which is not a header's name", (source) => {
  expect(compileExpression(source).source).toBe(source);
});

test.each(['request.headers["X-One"]', "response.headers.Location"])("%s is refused", (source) => {
  expect(() => compileExpression(source)).toThrow(/lower case/);
});
