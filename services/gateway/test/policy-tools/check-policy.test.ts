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
  test.each(["config.yaml", "config-policy.yaml", "config-draft-11.yaml", "config-draft-11-policy.yaml"])(
    "has no findings in %s",
    (name) => {
      const text = readFileSync(new URL(`../../../../agentgateway/${name}`, import.meta.url), "utf8");
      expect(checkPolicy({ text, source: name, env: {} }).findings).toEqual([]);
    },
  );
});

describe("findings of the linter", () => {
  const cases: [name: string, kind: FindingKind, rules: unknown[], message: RegExp, options?: Options][] = [
    [
      "a field gateway-authz does not set",
      "unknown-field",
      ['extauthz.aauth.agnet == "x"'],
      /sets scheme, agent,/,
    ],
    ["also inside has()", "unknown-field", [`has(extauthz.aauth.claims) && ${IS_BACKEND}`], /no such field/],
    [
      "a member act does not have",
      "unknown-field",
      [`${CLAIMS}.act.user == "x"`],
      /agent, agent_delegate, sub, act/,
    ],
    [
      "a claim that is misspelled",
      "unknown-claim",
      [`${CLAIMS}.scopes == "x"`],
      /not a claim of AAuth tokens/,
    ],
    ["jwt without jwtAuth", "never-carried", ['jwt.sub == "x"'], /extauthz\.aauth\.jwt_claims/],
    ["the response", "never-carried", ["response.code == 200"], /no response yet/],
    ["metadata that is not there", "never-carried", ['extauthz.other.x == "y"'], /no metadata entry other/],
    ["no check at all", "never-carried", [IS_BACKEND], /no metadata entry aauth/, { check: false }],
    [
      "a deny with one guard of two",
      "deny-can-fail",
      [{ deny: `has(${CLAIMS}) && ${CLAIMS}.act.agent != "x"` }],
      /begin with has\(extauthz\.aauth\.jwt_claims\.act\) &&/,
    ],
    [
      "a deny that fails open",
      "deny-can-fail",
      [{ deny: `${CLAIMS}.act.agent != "x"` }],
      /a caller without extauthz\.aauth\.jwt_claims, and a failing deny lets requests through/,
    ],
    [
      "the wire's spelling of a scheme",
      "scheme-spelling",
      ['extauthz.aauth.scheme == "jwks"'],
      /its values are Hwk, Jwks, Jwt/,
    ],
    [
      "also where it is excluded",
      "scheme-spelling",
      [`${IS_BACKEND} && extauthz.aauth.scheme != "hwk"`],
      /its values are Hwk, Jwks, Jwt/,
    ],
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
    ["G11: a prefix", "open-to-unsigned", ['request.path.startsWith("/.well-known/")'], /begins with/],
    ["everything", "open-to-unsigned", ["true"], /whatever their path/],
    [
      "everything, where the mode depends on the request",
      "open-to-unsigned",
      ["true"],
      /whatever their path/,
      { modeExpression: 'request.path == "/a" ? "optional" : "strict"' },
    ],
    ["a name of the fork", "invalid", ['aauth.agent == "x"'], /Unknown variable: aauth/],
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

describe("rules without findings", () => {
  const cases: [name: string, rules: unknown[], options?: Options][] = [
    ["an agent", [IS_BACKEND]],
    ["a scope among words", [`"a:b" in ${CLAIMS}.scope.split(" ")`]],
    ["an organisation, up to the slash", [`${AGENT}.startsWith("https://agents.example/")`]],
    ["an actor after has()", [`has(${CLAIMS}.act) && ${CLAIMS}.act.agent == "x"`]],
    ["a negation behind its guard", [`has(${CLAIMS}) && !has(${CLAIMS}.act)`]],
    ["a require with its guard", [{ require: `!has(${CLAIMS}) || !has(${CLAIMS}.act)` }]],
    ["a deny that only looks for something", [{ deny: `${CLAIMS}.act.agent == "x"` }]],
    [
      "a deny with its guards",
      [{ deny: `has(${CLAIMS}) && has(${CLAIMS}.act) && ${CLAIMS}.act.agent != "x"` }],
    ],
    ["hwk where it is enough", ['extauthz.aauth.scheme == "Hwk"'], { scheme: "hwk" }],
    [
      "open paths",
      ['request.method == "GET" && request.path in ["/jwks.json", "/health"]'],
      { mode: "strict" },
    ],
    ["a header", ['request.headers["x-tenant"] == "a" && extauthz.aauth.scheme == "Jwt"']],
  ];
  test.each(cases)("%s", (_name, rules, options) => {
    expect(findingsOf(rules, options)).toEqual([]);
  });
});

describe("draft -11: claims of callers", () => {
  const DRAFT_11 = { profiles: "draft-11" };
  const PERSONS = { ...DRAFT_11, level: '"person-token"' };
  const BOTH = { profiles: "february-2026 draft-11" };
  const AGENT_IS = `${AGENT} == "aauth:planner@backend.localhost"`;
  const HAS_SCOPE = '"a:b" in extauthz.aauth.scopes';

  const found: [name: string, kind: FindingKind, rules: unknown[], message: RegExp, options: Options][] = [
    [
      "an agent beside what a person has been granted",
      "never-together",
      [`${AGENT_IS} && ${HAS_SCOPE}`],
      /both extauthz\.aauth\.agent, which comes with agent tokens, and extauthz\.aauth\.scopes, which comes with auth tokens .*name no agent/,
      DRAFT_11,
    ],
    [
      "an agent with an auth token",
      "never-together",
      [`extauthz.aauth.level == "auth-token" && ${AGENT_IS}`],
      /both level auth-token, .* and extauthz\.aauth\.agent/,
      DRAFT_11,
    ],
    [
      "turned round",
      "never-together",
      [`"auth-token" == extauthz.aauth.level && ${AGENT_IS}`],
      /both/,
      DRAFT_11,
    ],
    [
      "an agent and a person",
      "never-together",
      [`${AGENT_IS} && has(extauthz.aauth.person)`],
      /both/,
      DRAFT_11,
    ],
    [
      "a rule of February's, copied",
      "never-together",
      [`${AGENT_IS} && (has(${CLAIMS}) ? "a:b" in ${CLAIMS}.scope.split(" ") : true)`],
      /jwt_claims\.scope/,
      DRAFT_11,
    ],
    ["behind a condition", "never-together", [`${HAS_SCOPE} ? ${AGENT_IS} : false`], /both/, DRAFT_11],
    ["in a veto", "never-together", [{ require: `${AGENT_IS} && ${HAS_SCOPE}` }], /both/, DRAFT_11],
    [
      "in one of two ways",
      "never-together",
      [`${HAS_SCOPE} || (${AGENT_IS} && ${HAS_SCOPE})`],
      /both/,
      DRAFT_11,
    ],
    ["where a route takes both profiles", "never-together", [`${AGENT_IS} && ${HAS_SCOPE}`], /both/, BOTH],
    [
      "the agent, where the route wants a person",
      "never-carried",
      [AGENT_IS],
      /agent is never there: callers of this route are person tokens, auth tokens/,
      PERSONS,
    ],
    [
      "scopes, where it wants agent tokens",
      "never-carried",
      [HAS_SCOPE],
      /scopes is never there/,
      { ...DRAFT_11, level: '"agent-token"' },
    ],
    [
      "act, which draft -11 has not",
      "never-carried",
      [`has(${CLAIMS}.act)`],
      /only callers of February/,
      DRAFT_11,
    ],
    [
      "the agent as a claim",
      "never-carried",
      [`${CLAIMS}.agent == "x"`],
      /only callers of February/,
      DRAFT_11,
    ],
    [
      "scheme",
      "unknown-field",
      ['extauthz.aauth.scheme == "Jwt"'],
      /sets agent, jwt_claims, profile/,
      DRAFT_11,
    ],
    ["person, in February's", "unknown-field", ["has(extauthz.aauth.person)"], /sets scheme, agent/, {}],
    [
      "a person's name",
      "unknown-field",
      ['extauthz.aauth.person.name == "x"'],
      /a person has iss, sub/,
      DRAFT_11,
    ],
    [
      "a level of February's",
      "scheme-spelling",
      ['extauthz.aauth.level == "authorized"'],
      /auth-token/,
      DRAFT_11,
    ],
    [
      "a provider without its at sign",
      "identifier-prefix",
      [`${AGENT}.endsWith("backend.localhost")`],
      /other owners/,
      DRAFT_11,
    ],
  ];
  test.each(found)("%s: %s", (_name, kind, rules, message, options) => {
    const findings = findingsOf(rules, options);
    expect(new Set(kinds(findings))).toEqual(new Set([kind]));
    expect(findings.map((one) => `${one.message} ${one.advice ?? ""}`).join("\n")).toMatch(message);
  });

  const fine: [name: string, rules: unknown[], options: Options][] = [
    ["an agent of a provider", [`${AGENT}.endsWith("@backend.localhost")`], DRAFT_11],
    ["each at its own step", [`${AGENT_IS} || ${HAS_SCOPE}`], DRAFT_11],
    ["a level and what it carries", [`extauthz.aauth.level == "auth-token" && ${HAS_SCOPE}`], DRAFT_11],
    ["the issuer of any token", [`${CLAIMS}.iss == "https://a.test" && ${AGENT_IS}`], DRAFT_11],
    ["an account where there is no agent", [`!has(${AGENT}) && extauthz.aauth.account == "eu"`], DRAFT_11],
    ["a veto of sub-agents", [{ require: "!has(extauthz.aauth.parent_agent)" }], DRAFT_11],
    [
      "February's rule, where both are taken",
      [`${AGENT_IS} && ${CLAIMS}.scope.split(" ").contains("a:b")`],
      BOTH,
    ],
    [
      "a server, where the level depends on the path",
      ['extauthz.aauth.server == "https://a.test" || has(extauthz.aauth.scopes)'],
      { ...DRAFT_11, level: 'request.path == "/r" ? "server" : "any"' },
    ],
  ];
  test.each(fine)("no finding for: %s", (_name, rules, options) => {
    expect(findingsOf(rules, options)).toEqual([]);
  });

  test("February's routes are looked at as before: an issuer may add claims of these names", () => {
    for (const claim of ["account", "ps", "tenant"]) {
      const found = findingsOf([`${IS_BACKEND} && ${CLAIMS}.${claim} == "x"`]);
      expect(found).toMatchObject([{ kind: "unknown-claim", severity: "note" }]);
    }
  });

  test("AAUTH_MODE says which tokens there are to be shown", () => {
    const rules = [AGENT_IS, 'extauthz.aauth.person.iss == "https://a.test"', HAS_SCOPE];
    const text = policyFile(rules, DRAFT_11);
    const linesIn = (AAUTH_MODE: string) =>
      checkPolicy({ text, source: "p", env: { AAUTH_MODE } }).findings.map(
        ({ kind, severity, place, message }) => `${kind} ${severity} ${place}: ${message}`,
      );
    const never = (rule: number, field: string, mode: string, who: string) =>
      `never-carried warning agent rule ${rule}: extauthz.aauth.${field} is never there with AAUTH_MODE=${mode}: only ${who} have it`;
    expect(linesIn("agent-identity")).toEqual([
      never(2, "person.iss", "agent-identity", "person tokens, auth tokens"),
      never(3, "scopes", "agent-identity", "auth tokens"),
    ]);
    expect(linesIn("person-identity")).toEqual([never(3, "scopes", "person-identity", "auth tokens")]);
    expect(linesIn("person-server")).toEqual([]);
    expect(linesIn("federated")).toEqual([]);
  });

  test("a route that names no profile has that of AAUTH_PROFILE", () => {
    const text = policyFile([`${AGENT_IS} && ${HAS_SCOPE}`]);
    const kindsIn = (env: Record<string, string>) => kinds(checkPolicy({ text, source: "p", env }).findings);
    expect(kindsIn({ AAUTH_PROFILE: "draft-11" })).toEqual(["never-together"]);
    expect(kindsIn({})).toContain("unknown-field");
  });
});

test("log fields are looked at for names that no check sets", () => {
  const text = JSON.stringify({
    ...(JSON.parse(policyFile([IS_BACKEND])) as object),
    config: { logging: { fields: { add: { agent: "extauthz.aauth.agnet", name: `${CLAIMS}.name` } } } },
  });
  const { findings } = checkPolicy({ text, source: "policy.yaml", env: {} });
  expect(findings).toMatchObject([{ kind: "unknown-field", place: "log field agent" }]);
});

test("a rule's line is the file's", () => {
  const file = readFileSync(new URL("../../../../agentgateway/config-policy.yaml", import.meta.url), "utf8");
  const broken = file.replace("extauthz.aauth.agent ==", "extauthz.aauth.agnet ==");
  // The rule begins on the line before its text.
  const line = broken.split("\n").findIndex((one) => one.includes("agnet"));
  expect(checkPolicy({ text: broken, source: "p", env: {} }).findings).toMatchObject([
    { kind: "unknown-field", line, place: "supply-chain-agent rule 1" },
  ]);
});
