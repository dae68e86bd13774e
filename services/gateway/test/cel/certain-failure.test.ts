import { Environment } from "@marcbachmann/cel-js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { certainFailure } from "../../src/cel/certain-failure.ts";

const ENVIRONMENT = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false });
ENVIRONMENT.registerFunction("json(string): dyn", (text: string) => JSON.parse(text));

function fails(source: string, context: object): { certainly: boolean; really: boolean } {
  const program = ENVIRONMENT.parse(source);
  let really = false;
  try {
    program(context as never);
  } catch {
    really = true;
  }
  return { certainly: certainFailure(program.ast)?.(context as never) ?? false, really };
}

const NOTHING = { request: { headers: {} }, response: null, extauthz: null, jwt: null };
const JWKS = { ...NOTHING, extauthz: { aauth: { scheme: "Jwks", agent: "a", nothing: null } } };

describe("a failure that is certain", () => {
  test.each([
    ["extauthz.aauth.scheme", NOTHING, true],
    ["extauthz.aauth.scheme", JWKS, false],
    ["extauthz.aauth.jwt_claims.sub", JWKS, true],
    ['request.headers["signature-key"].split(" ")[0]', NOTHING, true],
    ["jwt.sub", NOTHING, true],
    ["has(extauthz.aauth)", NOTHING, false],
    ["has(extauthz.aauth.jwt_claims)", NOTHING, true],
    ["has(extauthz.aauth.jwt_claims)", JWKS, false],
    ["has(extauthz.aauth.jwt_claims) && has(extauthz.aauth.jwt_claims.sub)", NOTHING, true],
    ['extauthz.aauth.agent == "a" && extauthz.aauth.jwt_claims.sub == "b"', NOTHING, true],
    ['extauthz.aauth.agent == "a" || request.path == "/"', { ...NOTHING, request: { path: "/" } }, false],
    ["extauthz.aauth.agent == 'a' && false", NOTHING, false],
    ["extauthz.aauth.nothing", JWKS, false],
    ["extauthz.aauth.scheme.length", JWKS, true],
  ])("%s", (source, context, certainly) => {
    expect(fails(source, context).certainly).toBe(certainly);
    if (certainly) expect(fails(source, context).really).toBe(true);
  });

  // The one thing that matters: it must never skip an expression that the library would have given a value.
  test("is never one that the library does not have", () => {
    const names = ["a", "b", "c"];
    const path = fc
      .array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 })
      .chain((keys) =>
        fc
          .array(fc.boolean(), { minLength: keys.length, maxLength: keys.length })
          .map((dots) => `root${keys.map((key, at) => (dots[at] ? `.${key}` : `["${key}"]`)).join("")}`),
      );
    const dotted = fc
      .array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 })
      .map((keys) => `root.${keys.join(".")}`);
    const { expression } = fc.letrec<{ expression: string }>((tie) => {
      const inner = tie("expression");
      return {
        expression: fc.oneof(
          { maxDepth: 3 },
          path,
          dotted.map((text) => `has(${text})`),
          fc.constantFrom("true", "false", '"text"', "1", "null", '["text", "a"]'),
          fc
            .tuple(inner, fc.constantFrom("&&", "||", "==", "!=", "in", "+", "<"), inner)
            .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
          fc.tuple(inner, inner, inner).map(([when, then, other]) => `(${when}) ? (${then}) : (${other})`),
          inner.map((text) => `!(${text})`),
          inner.map((text) => `(${text}).contains("t")`),
          inner.map((text) => `(${text}).split(" ")[0]`),
          fc
            .tuple(inner, fc.constantFrom("all", "exists"))
            .map(([text, macro]) => `(${text}).${macro}(x, x == "a")`),
          fc.tuple(inner, fc.constantFrom(...names)).map(([text, key]) => `(${text}).${key}`),
          inner.map((text) => `size(${text})`),
        ),
      };
    });
    const leaf = fc.constantFrom<unknown>(
      null,
      true,
      false,
      "text",
      1,
      1n,
      [],
      ["text"],
      new Map([["a", "x"]]),
      {},
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.dictionary(fc.constantFrom(...names), tie("value"), { maxKeys: 3 }),
      ),
    }));
    let certain = 0;
    fc.assert(
      fc.property(expression, value, (source, root) => {
        let outcome: ReturnType<typeof fails>;
        try {
          outcome = fails(source, { root });
        } catch {
          return; // not a valid expression
        }
        if (!outcome.certainly) return;
        certain++;
        expect(outcome.really).toBe(true);
      }),
      { numRuns: 5000 },
    );
    expect(certain).toBeGreaterThan(200);
  });
});
