/** What the check claims of a rule must hold for every request: random rules, random callers, and the gateway's own evaluation. */
import fc from "fast-check";
import { OPEN_PATHS } from "gateway-check/open-paths";
import { describe, expect, test } from "vitest";
import type { CelContext } from "../../src/cel/expression.ts";
import { parseExpression } from "../../src/cel/expression.ts";
import { loadConfiguration } from "../../src/configuration/load-configuration.ts";
import { aauthCheckOf } from "../../src/policy-tools/caller-profiles.ts";
import { checkPolicy } from "../../src/policy-tools/check-policy.ts";
import { predictCheck } from "../../src/policy-tools/predict-check.ts";
import { policyFile } from "./policy-file.ts";

const AAUTH = "extauthz.aauth";
const leaf = fc.constantFrom(
  `${AAUTH}.agent == "a"`,
  `${AAUTH}.agent != "a"`,
  `${AAUTH}.agent in ["a", "b"]`,
  `${AAUTH}.agent.startsWith("a")`,
  `${AAUTH}.scheme == "Hwk"`,
  `${AAUTH}.scheme == "Jwks"`,
  `${AAUTH}.scheme != "Jwt"`,
  `has(${AAUTH}.agent)`,
  `has(${AAUTH}.agent_delegate)`,
  `has(${AAUTH}.jwt_claims)`,
  `has(${AAUTH}.jwt_claims.sub)`,
  `has(${AAUTH}.jwt_claims.act)`,
  `has(${AAUTH}.jwt_claims.act.sub)`,
  `${AAUTH}.jwt_claims.sub == "u"`,
  `${AAUTH}.jwt_claims.aud == "http://agent.localhost:3000"`,
  `${AAUTH}.jwt_claims.aud == "http://other.localhost:3000"`,
  `${AAUTH}.jwt_claims.act.agent == "a"`,
  `"s" in ${AAUTH}.jwt_claims.scope.split(" ")`,
  `${AAUTH}.jwt_claims.scope.contains("s")`,
  `${AAUTH}.jwt_claims.exp < 1`,
  `${AAUTH}.jwt_claims.exp <= 1`,
  `1 < ${AAUTH}.jwt_claims.exp`,
  `${AAUTH}.jwt_claims.exp == 1`,
  `size(${AAUTH}.agent) > 0`,
  `${AAUTH}.agent.size() != 1`,
  `size(${AAUTH}.agent) < 0`,
  'request.path == "health"',
  'request.path.startsWith("health")',
  'request.method == "get"',
  'request.method == "GET"',
  'request.path in ["/", "/health"]',
  'request.path.startsWith("/h")',
  "true",
  "false",
);
const rule: fc.Arbitrary<string> = fc.letrec<{ node: string; deep: string }>((tie) => ({
  node: fc.oneof({ depthSize: "small", withCrossShrink: true }, leaf, tie("deep")),
  deep: fc.oneof(
    fc.tuple(tie("node"), tie("node")).map(([left, right]) => `(${left} && ${right})`),
    fc.tuple(tie("node"), tie("node")).map(([left, right]) => `(${left} || ${right})`),
    tie("node").map((node) => `!(${node})`),
    fc.tuple(tie("node"), tie("node"), tie("node")).map(([c, yes, no]) => `(${c} ? ${yes} : ${no})`),
  ),
})).node;

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const agent = fc.constantFrom("a", "b", "c");
const token = fc.record({
  iss: fc.constant("issuer"),
  exp: fc.constant(1),
  cnf: fc.constant({}),
  aud: fc.constant("http://agent.localhost:3000"),
  sub: maybe(fc.constantFrom("u", "v")),
  scope: maybe(fc.constantFrom("s", "s t", "t")),
  act: maybe(fc.record({ agent, sub: maybe(fc.constant("u")) })),
});
const caller = fc.oneof(
  fc.constant({}),
  fc.constant({ scheme: "Hwk" }),
  agent.map((id) => ({ scheme: "Jwks", agent: id })),
  agent.map((id) => ({
    scheme: "Jwt",
    agent: id,
    agent_delegate: "d",
    jwt_claims: { iss: id, sub: "d", exp: 1, cnf: {} },
  })),
  fc
    .tuple(agent, token, maybe(fc.constant("d")))
    .map(([id, jwt_claims, agent_delegate]) => ({ scheme: "Jwt", agent: id, agent_delegate, jwt_claims })),
);
const request = fc.record({
  method: fc.constantFrom("GET", "POST"),
  path: fc.constantFrom("/", "/health", "/hello", ...OPEN_PATHS),
});
const options = fc.record({
  mode: fc.constantFrom("strict", "optional"),
  scheme: fc.constantFrom("hwk", "jwks", "jwt"),
});

/** The contexts that reach the rules: what gateway-authz refuses is left out. */
function contextsOf(
  text: string,
  visits: readonly { caller: object; request: { method: string; path: string } }[],
): CelContext[] {
  const { binds } = loadConfiguration({ text, source: "p", env: {} });
  const check = aauthCheckOf(binds[0]!.listeners[0]!.routes[0]!.policies)!;
  return visits.flatMap((visit) => {
    // As it comes out of JSON: without members that are undefined.
    const answer = predictCheck(
      check,
      visit.request,
      JSON.parse(JSON.stringify(visit.caller)) as Record<string, unknown>,
    );
    if (!answer.passes) return [];
    return [
      {
        request: { ...visit.request, headers: {} },
        response: null,
        source: null,
        jwt: null,
        extauthz: { aauth: answer.claims },
      },
    ];
  });
}

const visits = fc.array(fc.record({ caller, request }), { minLength: 40, maxLength: 40 });
const kindsOf = (text: string) =>
  checkPolicy({ text, source: "p", env: {} }).findings.map(({ kind, place }) => `${place} ${kind}`);

describe("what the check says of random rules", () => {
  test("what can never be true never is, and what cannot fail never does", () => {
    fc.assert(
      fc.property(rule, options, visits, (source, mode, seen) => {
        const text = policyFile([{ deny: source }], mode);
        const kinds = kindsOf(text);
        const outcomes = contextsOf(text, seen).map((context) => parseExpression(source).outcome(context));
        if (kinds.includes("agent rule 1 never-true")) {
          expect(outcomes.filter((outcome) => "value" in outcome && outcome.value === true)).toEqual([]);
        } else if (!kinds.some((kind) => /^agent rule 1 (?:deny-can-fail|not-judged)$/.test(kind))) {
          expect(outcomes.filter((outcome) => "failure" in outcome)).toEqual([]);
        }
      }),
      { numRuns: 400 },
    );
  });

  test("what changes nothing can be left out, and what is not open to unsigned requests refuses them", () => {
    fc.assert(
      fc.property(rule, rule, options, visits, (first, second, mode, seen) => {
        const text = policyFile([first, second], mode);
        const kinds = kindsOf(text);
        const isTrue = (source: string, context: CelContext) => {
          const outcome = parseExpression(source).outcome(context);
          return "value" in outcome && outcome.value === true;
        };
        const contexts = contextsOf(text, seen);
        for (const [place, own, other] of [
          ["agent rule 1", first, second],
          ["agent rule 2", second, first],
        ] as const) {
          if (kinds.includes(`${place} unreachable`)) {
            expect(contexts.filter((context) => isTrue(own, context) && !isTrue(other, context))).toEqual([]);
          }
          const isKnown = kinds.some(
            (kind) =>
              kind === `${place} never-true` ||
              kind === `${place} unreachable` ||
              kind === `${place} not-judged`,
          );
          if (!isKnown && !kinds.includes(`${place} open-to-unsigned`)) {
            const unsigned = contexts.filter(({ extauthz, request: seenRequest }) => {
              const { aauth } = extauthz as { aauth: { scheme?: string } };
              return aauth.scheme === undefined && (seenRequest as { path: string }).path === "/hello";
            });
            expect(unsigned.filter((context) => isTrue(own, context))).toEqual([]);
          }
        }
      }),
      { numRuns: 400 },
    );
  });
});
