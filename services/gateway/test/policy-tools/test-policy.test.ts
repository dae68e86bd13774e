import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadConfiguration } from "../../src/configuration/load-configuration.ts";
import { readRequestsFile } from "../../src/policy-tools/requests-file.ts";
import { type RequestResult, testPolicy } from "../../src/policy-tools/test-policy.ts";
import { policyFile } from "./policy-file.ts";

type Options = Parameters<typeof policyFile>[1];

const IS_BACKEND = 'extauthz.aauth.agent == "backend"';
const backend = { scheme: "Jwks", agent: "backend" };
const tokenFor = (claims: object) => ({
  scheme: "Jwt",
  agent: "backend",
  jwt_claims: { iss: "issuer", aud: "http://agent.localhost:3000", ...claims },
});

function resultOf(
  rules: readonly unknown[] | undefined,
  aauth: object,
  request: { method?: string; url?: string; headers?: Record<string, string> } = {},
  options?: Options,
): RequestResult {
  const configuration = loadConfiguration({ text: policyFile(rules, options), source: "p", env: {} });
  const [result] = testPolicy(configuration, [
    {
      name: "it",
      method: "POST",
      url: "http://agent.localhost:3000/",
      headers: {},
      aauth: aauth as never,
      ...request,
    },
  ]);
  return result!;
}

describe("draft -11", () => {
  const ofLevel = (level: string) => ({ profile: "draft-11", level });
  test.each<[string, object, Options, object]>([
    ["an agent token", ofLevel("agent-token"), {}, { decision: "allowed" }],
    ["a server, where agents call", ofLevel("server"), {}, { status: 401, decidedBy: "gateway-authz" }],
    [
      "a person token, where agents are asked for",
      ofLevel("person-token"),
      { level: '"agent-token"' },
      { status: 401 },
    ],
    [
      "an agent token, where persons are",
      ofLevel("agent-token"),
      { level: '"person-token"' },
      { status: 401 },
    ],
    [
      "an auth token, where persons are",
      ofLevel("auth-token"),
      { level: '"person-token"' },
      { decision: "allowed" },
    ],
    ["a server, where servers call", ofLevel("server"), { level: '"server"' }, { decision: "allowed" }],
    ["downgrade: a February caller", backend, {}, { status: 401, reason: /but not february-2026/ }],
    [
      "a February caller, where both are taken",
      backend,
      { profiles: "february-2026 draft-11" },
      { decision: "allowed" },
    ],
    ["the reverse", ofLevel("agent-token"), { profiles: "february-2026" }, { status: 401 }],
  ])("%s", (_name, aauth, options, { reason, ...expected }: { reason?: RegExp }) => {
    const result = resultOf(undefined, aauth, {}, { profiles: "draft-11", ...options });
    expect(result).toMatchObject(expected);
    if (reason !== undefined) expect(result.reason).toMatch(reason);
  });

  test("the repository's requests come out as they say", () => {
    const read = (name: string) =>
      readFileSync(new URL(`../../../../agentgateway/${name}`, import.meta.url), "utf8");
    const requests = readRequestsFile({ text: read("draft-11-requests.yaml"), source: "r", env: {} });
    const policy = { text: read("config-draft-11-policy.yaml"), source: "p", env: {} };
    const results = testPolicy(loadConfiguration(policy), requests);
    expect(results.filter(({ isAsExpected }) => !isAsExpected)).toEqual([]);
    // Every rule allows a request that no other rule does.
    const allowing = results.flatMap(({ rules }) => {
      const [only, ...more] = rules.filter(({ isTrue }) => isTrue);
      return only !== undefined && more.length === 0 ? [only.rule] : [];
    });
    expect([...new Set(allowing)].toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe("the origin of a decision", () => {
  test.each<[string, unknown[] | undefined, object, object]>([
    ["the rule that allows", ["false", IS_BACKEND], backend, { decision: "allowed", reason: "rule 2" }],
    ["no rule", [IS_BACKEND], {}, { decision: "refused", status: 403, decidedBy: "no rule" }],
    ["no rules", undefined, {}, { decision: "allowed", decidedBy: "no rules" }],
    [
      "a deny before every allow",
      ["true", { deny: "has(extauthz.aauth.agent)" }],
      backend,
      { decision: "refused", reason: "rule 2 denies it" },
    ],
    [
      "a require that is not met",
      ["true", { require: IS_BACKEND }],
      {},
      { decision: "refused", reason: "rule 2 requires what it lacks" },
    ],
    ["a deny that fails does not", [{ deny: IS_BACKEND }], {}, { decision: "allowed", decidedBy: "no rule" }],
  ])("%s", (_name, rules, aauth, expected) => {
    expect(resultOf(rules, aauth)).toMatchObject(expected);
  });

  test.each<[string, object, object, Options, object]>([
    ["hwk below jwks", { scheme: "Hwk" }, {}, {}, { status: 401, decidedBy: "gateway-authz" }],
    ["jwks below jwt", backend, {}, { scheme: "jwt" }, { status: 401 }],
    [
      "an agent token below jwt",
      { scheme: "Jwt", agent: "backend", jwt_claims: { iss: "backend", sub: "d" } },
      {},
      { scheme: "jwt" },
      { status: 401 },
    ],
    ["unsigned", {}, {}, {}, { decision: "allowed" }],
    ["unsigned, strict", {}, {}, { mode: "strict" }, { status: 401, decidedBy: "gateway-authz" }],
    [
      "an open path, strict",
      {},
      { method: "GET", url: "http://agent.localhost:3000/jwks.json?x=1" },
      { mode: "strict" },
      { decision: "allowed" },
    ],
    [
      "G11: below an open path, strict",
      {},
      { method: "GET", url: "http://agent.localhost:3000/jwks.json/.." },
      { mode: "strict" },
      { status: 401 },
    ],
    [
      "a token for another route",
      tokenFor({ aud: ["http://other.localhost:3000"] }),
      {},
      {},
      { status: 401, reason: /other\.localhost:3000.*the route is agent\.localhost:3000/ },
    ],
    [
      "one of several audiences",
      tokenFor({ aud: ["x", "http://agent.localhost:3000"] }),
      {},
      {},
      { decision: "allowed" },
    ],
    [
      "another host",
      backend,
      { url: "http://unknown.localhost:3000/" },
      {},
      { status: 404, decidedBy: "routing", reason: /listener not found/ },
    ],
  ])(
    "before the rules: %s",
    (_name, aauth, request, options, { reason, ...expected }: { reason?: RegExp }) => {
      const result = resultOf(["true"], aauth, request, options);
      expect(result).toMatchObject(expected);
      if (reason !== undefined) expect(result.reason).toMatch(reason);
    },
  );
});

test("a rule that is not true, and one that could not be evaluated", () => {
  const claims = tokenFor({ scope: "a:b-all" });
  const rules = [
    '"a:b" in extauthz.aauth.jwt_claims.scope.split(" ")',
    "has(extauthz.aauth.jwt_claims.act.sub)",
  ];
  expect(resultOf(rules, claims).rules).toEqual([
    { rule: 1, effect: "allow", line: expect.any(Number), isTrue: false },
    { rule: 2, effect: "allow", line: expect.any(Number), isTrue: false, failure: "No such key: act" },
  ]);
});

test("rules see header fields and the raw path", () => {
  const rules = ['request.headers["x-tenant"] == "a" && request.path == "/a/../b"'];
  const request = { url: "http://agent.localhost:3000/a/../b?x", headers: { "x-tenant": "a" } };
  expect(resultOf(rules, {}, request)).toMatchObject({ decision: "allowed" });
});
