import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { checkPolicy } from "../../src/policy-tools/check-policy.ts";
import type { Finding, FindingKind } from "../../src/policy-tools/finding.ts";
import { policyFile } from "./policy-file.ts";

type Options = Parameters<typeof policyFile>[1];

const AGENT = "extauthz.aauth.agent";
const CLAIMS = "extauthz.aauth.jwt_claims";
const IS_BACKEND = `${AGENT} == "http://backend.localhost:8000"`;

function findingsOf(rules: readonly unknown[], options?: Options): readonly Finding[] {
  return checkPolicy({ text: policyFile(rules, options), source: "policy.yaml", env: {} }).findings;
}

const kinds = (findings: readonly Finding[]) => findings.map(({ kind }) => kind);

describe("the repository's files", () => {
  test.each(["config.yaml", "config-policy.yaml"])("nothing is found in %s", (name) => {
    const text = readFileSync(new URL(`../../../../agentgateway/${name}`, import.meta.url), "utf8");
    expect(checkPolicy({ text, source: name, env: {} }).findings).toEqual([]);
  });
});

describe("what is found", () => {
  const cases: [name: string, kind: FindingKind, rules: unknown[], message: RegExp, options?: Options][] = [
    [
      "a field gateway-authz does not set",
      "unknown-field",
      ['extauthz.aauth.agnet == "x"'],
      /did you mean agent\?/,
    ],
    ["also inside has()", "unknown-field", [`has(extauthz.aauth.claims) && ${IS_BACKEND}`], /no such field/],
    [
      "a member act does not have",
      "unknown-field",
      [`${CLAIMS}.act.user == "x"`],
      /agent, agent_delegate, sub, act/,
    ],
    ["deeper in the chain", "unknown-field", [`${CLAIMS}.act.act.agnet == "x"`], /did you mean agent\?/],
    ["a claim that is misspelled", "unknown-claim", [`${CLAIMS}.scopes == "x"`], /did you mean scope\?/],
    ["a claim of an issuer's own", "unknown-claim", [`${CLAIMS}.groups == "x"`], /issuer/],
    ["jwt without jwtAuth", "never-carried", ['jwt.sub == "x"'], /extauthz\.aauth\.jwt_claims/],
    ["the response", "never-carried", ["response.code == 200"], /no response yet/],
    ["metadata that is not there", "never-carried", ['extauthz.other.x == "y"'], /no metadata entry other/],
    ["no check at all", "never-carried", [IS_BACKEND], /no extAuthz policy/, { check: false }],
    [
      "a field below the route's scheme",
      "never-true",
      ['extauthz.aauth.scheme == "Hwk"'],
      /on this route it is "Jwks" or "Jwt"/,
    ],
    [
      "an identity without a token where an auth token is required",
      "never-true",
      [`${IS_BACKEND} && !has(${CLAIMS})`],
      /always there/,
      { scheme: "jwt" },
    ],
    [
      "an unsigned request in mode strict",
      "never-true",
      ['!has(extauthz.aauth.scheme) && request.path == "/admin"'],
      /always there/,
      { mode: "strict" },
    ],
    ["two values at once", "never-true", [`${AGENT} == "a" && ${AGENT} == "b"`], /contradiction/],
    [
      "a value out of a list",
      "never-true",
      [`${AGENT} in ["a"] && ${AGENT}.startsWith("b")`],
      /contradiction/,
    ],
    [
      "a value and a test it fails",
      "never-true",
      [`${AGENT} == "ab" && !${AGENT}.startsWith("a")`],
      /contradiction/,
    ],
    ["there and not there", "never-true", [`has(${CLAIMS}) && !has(${CLAIMS})`], /there and missing/],
    ["a field without its parent", "never-true", [`!has(${CLAIMS}) && ${CLAIMS}.sub == "x"`], /missing/],
    [
      "bounds that leave nothing",
      "never-true",
      [`${CLAIMS}.exp < 5 && ${CLAIMS}.exp > 10`],
      /contradiction: .*exp < 5, and .*exp > 10/,
    ],
    ["bounds that touch", "never-true", [`5 > ${CLAIMS}.exp && !(${CLAIMS}.exp < 5)`], /contradiction/],
    ["a value out of bounds", "never-true", [`${CLAIMS}.exp == 3 && ${CLAIMS}.exp >= 4`], /contradiction/],
    ["a size below zero", "never-true", [`size(${AGENT}) < 0`], /nothing has size\(.*\) < 0/],
    ["a size between two", "never-true", [`${AGENT}.size() > 2 && ${AGENT}.size() < 3`], /contradiction/],
    ["a negative size", "never-true", [`size(${AGENT}) == -1`], /nothing has/],
    [
      "a size that a value has not",
      "never-true",
      [`${AGENT} == "ab" && size(${AGENT}) > 2`],
      /contradiction/,
    ],
    [
      "a path without its slash",
      "never-true",
      [`${IS_BACKEND} && request.path == "jwks.json"`],
      /request\.path is never "jwks\.json": it begins with \//,
    ],
    [
      "a path's beginning without it",
      "never-true",
      [`${IS_BACKEND} && request.path.startsWith("admin")`],
      /it begins with \//,
    ],
    [
      "everything but every path",
      "never-true",
      [`${IS_BACKEND} && !request.path.startsWith("/")`],
      /it begins with \//,
    ],
    [
      "a path with its query",
      "never-true",
      [`${IS_BACKEND} && request.path == "/a?b"`],
      /the query is not part/,
    ],
    [
      "a method in lower case",
      "never-true",
      [{ deny: 'request.method == "post"' }],
      /never refuses anything: request\.method is never "post": methods are in upper case/,
    ],
    ["a constant", "never-true", ["1 == 2"], /whatever the request/],
    [
      "the audience of another route",
      "never-true",
      [`${IS_BACKEND} && ${CLAIMS}.aud == "http://other.localhost:3000"`],
      /audience of route other/,
    ],
    ["a require that refuses all", "never-true", [{ require: "false" }], /refuses every request/],
    [
      "an alternative that never is",
      "dead-part",
      [`${IS_BACKEND} || extauthz.aauth.scheme == "Hwk"`],
      /the part extauthz.aauth.scheme == "Hwk"/,
    ],
    [
      "a branch that never is",
      "dead-part",
      [`${IS_BACKEND} && (has(${CLAIMS}) ? true : extauthz.aauth.scheme == "Jwt")`],
      /"Jwt"/,
    ],
    [
      "a rule inside an earlier one",
      "unreachable",
      [IS_BACKEND, `${IS_BACKEND} && has(${CLAIMS})`],
      /rule 1/,
    ],
    ["a rule inside a later one", "unreachable", [`${IS_BACKEND} && has(${CLAIMS})`, IS_BACKEND], /rule 2/],
    ["the same rule twice", "unreachable", [IS_BACKEND, IS_BACKEND], /rule 1/],
    [
      "a rule that a deny takes back",
      "unreachable",
      [{ deny: `has(extauthz.aauth.scheme) && has(${CLAIMS})` }, `has(${CLAIMS}.sub)`],
      /rule 1 denies/,
    ],
    [
      "a rule that a require takes back",
      "unreachable",
      [{ require: `!has(${CLAIMS})` }, `${CLAIMS}.sub == "x"`],
      /rule 1 requires/,
    ],
    [
      "a deny that fails open",
      "deny-can-fail",
      [{ deny: `${CLAIMS}.act.agent != "x"` }],
      /may be missing, and a deny that fails lets through/,
    ],
    ["a negation that fails", "missing-guard", [`${IS_BACKEND} && !has(${CLAIMS}.act)`], /scheme jwks/],
    [
      "a condition that fails",
      "missing-guard",
      [`${CLAIMS}.sub == "x" ? ${IS_BACKEND} : ${IS_BACKEND}`],
      /sub/,
    ],
    ["a require that fails", "missing-guard", [{ require: IS_BACKEND }, IS_BACKEND], /an unsigned caller/],
    ["the wire's spelling of a scheme", "scheme-spelling", ['extauthz.aauth.scheme == "jwks"'], /"Jwks"/],
    [
      "also where it is excluded",
      "scheme-spelling",
      [`${IS_BACKEND} && extauthz.aauth.scheme != "hwk"`],
      /"Hwk"/,
    ],
    ["also in a list", "scheme-spelling", ['extauthz.aauth.scheme in ["Jwks", "JWT"]'], /"Jwt"/],
    ["contains on a scope", "scope-substring", [`${CLAIMS}.scope.contains("a:b")`], /in .*split\(" "\)/],
    ["in on a scope's text", "scope-substring", [`"a:b" in ${CLAIMS}.scope`], /a:b-all/],
    ["a scope that equals", "scope-substring", [`${CLAIMS}.scope == "a:b"`], /list of words/],
    [
      "a host without its end",
      "identifier-prefix",
      [`${AGENT}.startsWith("http://backend.localhost")`],
      /\.example/,
    ],
    ["any part of an identifier", "identifier-prefix", [`${AGENT}.contains("backend")`], /other owners/],
    ["an actor, too", "identifier-prefix", [`${CLAIMS}.act.agent.endsWith("backend")`], /other owners/],
    ["G11: a prefix", "open-to-unsigned", ['request.path.startsWith("/.well-known/")'], /any method/],
    ["everything", "open-to-unsigned", ["true"], /whatever their path/],
    ["a name of the fork", "invalid", ['aauth.agent == "x"'], /write extauthz\.aauth/],
    ["what the gateway refuses", "invalid", ["nonsense("], /not valid CEL/],
  ];
  test.each(cases)("%s: %s", (_name, kind, rules, message, options) => {
    const findings = findingsOf(rules, options);
    expect(kinds(findings)).toContain(kind);
    const found = findings.filter((finding) => finding.kind === kind);
    expect(found.map((one) => `${one.message} ${one.advice ?? ""}`).join("\n")).toMatch(message);
    expect(found.every(({ line, place }) => line !== undefined && place !== "")).toBe(true);
  });
});

describe("what is not found", () => {
  const cases: [name: string, rules: unknown[], options?: Options][] = [
    ["an agent", [IS_BACKEND]],
    ["an agent's own audience", [`${CLAIMS}.aud == "http://agent.localhost:3000"`]],
    ["a scope among words", [`"a:b" in ${CLAIMS}.scope.split(" ")`]],
    ["an organisation, up to the slash", [`${AGENT}.startsWith("https://agents.example/")`]],
    ["an actor after has()", [`has(${CLAIMS}.act) && ${CLAIMS}.act.agent == "x"`]],
    ["a chain of two", [`${CLAIMS}.act.act.agent == "x"`]],
    ["a negation behind its guard", [`has(${CLAIMS}) && !has(${CLAIMS}.act)`]],
    ["a require with its guard", [{ require: `!has(${CLAIMS}) || !has(${CLAIMS}.act)` }]],
    [
      "a deny with its guards",
      [{ deny: `has(${CLAIMS}) && has(${CLAIMS}.act) && ${CLAIMS}.act.agent == "x"` }],
    ],
    ["hwk where it is enough", ['extauthz.aauth.scheme == "Hwk"'], { scheme: "hwk" }],
    [
      "open paths",
      ['request.method == "GET" && request.path in ["/jwks.json", "/health"]'],
      { mode: "strict" },
    ],
    [
      "metadata of another name",
      ['extauthz.who.agent == "x"'],
      { metadata: { who: 'json(response.headers["x-aauth-claims"])' } },
    ],
    ["a header", ['request.headers["x-tenant"] == "a" && extauthz.aauth.scheme == "Jwt"']],
    ["two rules that overlap", [`${AGENT} in ["a", "b"]`, `${AGENT} in ["b", "c"]`]],
    ["a value and a test it passes", [`${CLAIMS}.sub in ["ab", "b"] && !${CLAIMS}.sub.startsWith("a")`]],
    ["bounds with something between", [`${CLAIMS}.exp > 5 && ${CLAIMS}.exp < 6 && size(${AGENT}) <= 1`]],
    ["one value left", [`${CLAIMS}.exp >= 5 && ${CLAIMS}.exp <= 5 && ${CLAIMS}.exp != 6`]],
    ["a part of a path's beginning", [`${IS_BACKEND} && request.path.startsWith("/admin")`]],
    [
      "numbers that are too large to compare here",
      [`${CLAIMS}.exp > 9007199254740992 && ${CLAIMS}.exp <= 9007199254740993`],
    ],
    ["a literal alternative", [`false || ${IS_BACKEND}`]],
  ];
  test.each(cases)("%s", (_name, rules, options) => {
    expect(findingsOf(rules, options)).toEqual([]);
  });
});

test("a failure mode that lets through makes every field one that may be missing", () => {
  const rules = [{ deny: 'has(extauthz.aauth.scheme) && extauthz.aauth.scheme == "Jwt"' }, IS_BACKEND];
  expect(kinds(findingsOf(rules))).toEqual([]);
  expect(kinds(findingsOf(rules, { failureMode: "allow" }))).toContain("deny-can-fail");
});

test("a rule with too many alternatives is said not to be judged", () => {
  const rule = Array.from({ length: 14 }, (_, n) => `(${AGENT} == "a${n}" || ${AGENT} == "b${n}")`).join(
    " && ",
  );
  expect(kinds(findingsOf([rule]))).toEqual(["not-judged"]);
});

test("log fields are looked at for names that nobody sets", () => {
  const text = JSON.stringify({
    ...(JSON.parse(policyFile([IS_BACKEND])) as object),
    config: { logging: { fields: { add: { who: "extauthz.aauth.agnet", name: `${CLAIMS}.name` } } } },
  });
  const { findings } = checkPolicy({ text, source: "policy.yaml", env: {} });
  expect(findings).toMatchObject([{ kind: "unknown-field", place: "log field who" }]);
});

test("a rule's line is the file's", () => {
  const file = readFileSync(new URL("../../../../agentgateway/config-policy.yaml", import.meta.url), "utf8");
  const broken = file.replace("extauthz.aauth.agent ==", "extauthz.aauth.agnet ==");
  const line = broken.split("\n").findIndex((one) => one.includes("agnet")); // the rule's text begins on the line before
  expect(checkPolicy({ text: broken, source: "p", env: {} }).findings).toMatchObject([
    { kind: "unknown-field", line, place: "supply-chain-agent rule 1" },
  ]);
});
