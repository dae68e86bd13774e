import { agentAllowed, consentNeeded, scopesAllowed } from "issuer-kit";
import { expect, test } from "vitest";
import { parsePolicy } from "../../src/realm/policy.ts";

test("without attributes the defaults of the protocol hold", () => {
  expect(parsePolicy({})).toEqual({
    enabled: true,
    allowedAgents: [],
    selfAgents: [],
    exchangeAgents: [],
    publishedPeers: [],
    blockedAgents: [],
    allowedScopes: [],
    trustedIssuers: [],
    consentScopes: ["openid", "profile", "email"],
    consentScopePrefixes: ["user.", "profile.", "email."],
    exchangeEnabled: true,
    exchangeMaxDepth: 10,
    authTokenLifetimeSeconds: 300,
    refreshTokenLifetimeSeconds: 1800,
  });
});

test("J16: an attribute that cannot be read is an error with its name, never an empty list", () => {
  for (const text of ["http://agent.example", '["a"', '"a"', '{"a":1}', "[1]", '[""]', "null", ""]) {
    expect(() => parsePolicy({ "aauth.allowed.agents": text })).toThrow(
      "aauth.allowed.agents: expected a JSON array",
    );
    expect(() => parsePolicy({ "aauth.exchange.agents": text })).toThrow(
      "aauth.exchange.agents: expected a JSON array",
    );
    expect(() => parsePolicy({ "aauth.published.peers": text })).toThrow(
      "aauth.published.peers: expected a JSON array",
    );
  }
  const long = `https://agent.example/${"a".repeat(2_048)}`;
  const others = ["https://agent.example/path/", "ftp://agent.example/path", "https://a@agent.example", long];
  for (const id of ["http://agent.example/", "HTTP://agent.example", "agent.example", "*", ...others]) {
    expect(() => parsePolicy({ "aauth.published.peers": JSON.stringify([id]) })).toThrow(
      "aauth.published.peers: expected agent identifiers",
    );
  }
  expect(() => parsePolicy({ "aauth.enabled": "yes" })).toThrow("aauth.enabled: expected true or false");
  for (const depth of ["-1", "21"]) {
    expect(() => parsePolicy({ "aauth.exchange.max.depth": depth })).toThrow("aauth.exchange.max.depth");
  }
  expect(() => parsePolicy({ "aauth.token.lifespan": "1e9" })).toThrow("aauth.token.lifespan");
});

test("J16: a misspelled attribute is an error; one without the prefix is not AAuth's", () => {
  expect(() => parsePolicy({ "aauth.allowed.agent": "[]" })).toThrow(
    "aauth.allowed.agent: unknown attribute",
  );
  expect(() => parsePolicy({ acrToLoaMapping: "{}" })).not.toThrow();
});

test("a block beats an allowance", () => {
  const policy = parsePolicy({ "aauth.allowed.agents": '["a","b"]', "aauth.blocked.agents": '["b"]' });
  expect(["a", "b", "c"].map((agent) => agentAllowed(policy, agent))).toEqual([true, false, false]);
});

test("every scope has to be allowed", () => {
  const policy = parsePolicy({ "aauth.allowed.scopes": '["a","b"]' });
  expect(scopesAllowed(policy, ["a", "b"])).toBe(true);
  expect(scopesAllowed(policy, ["a", "c"])).toBe(false);
});

test("one scope is enough to need consent; a listed scope is not a prefix", () => {
  const policy = parsePolicy({});
  expect(consentNeeded(policy, ["data.read", "email"])).toBe(true);
  expect(consentNeeded(policy, ["user.settings"])).toBe(true);
  expect(consentNeeded(policy, ["emails", "user"])).toBe(false);
});
