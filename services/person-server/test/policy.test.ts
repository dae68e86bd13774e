/** The operator's lists, at the person server and at the access server. */

import type { AskedRequest } from "aauth/server";
import { expect, test } from "vitest";
import { decideForPerson, decideForResource, grantableScopes, refusalOf } from "../src/policy.ts";

const RESOURCE = "https://resource.example";
const POLICY = {
  allowedAgents: [],
  blockedAgents: ["https://blocked.example"],
  allowedScopes: ["read", "write"],
  consentScopes: ["write"],
  consentScopePrefixes: [],
  resources: [RESOURCE],
  ownerScopes: ["write"],
};
const BLOCKED = { iss: "https://blocked.example", sub: "aauth:a@blocked.example" };
const asked = (over: Partial<AskedRequest> = {}): AskedRequest => ({
  kind: "auth-token",
  person: "p",
  resource: RESOURCE,
  scopes: ["read"],
  consented: false,
  agent: { iss: "https://agent.example", sub: "aauth:a@agent.example" },
  capabilities: [],
  fromResource: {},
  fromAgent: { answers: [] },
  ...over,
});

test.each([
  ["a blocked agent", { agent: BLOCKED }, "the agent is not allowed here"],
  ["a scope that is not on the list", { scopes: ["read", "admin"] }, "a scope cannot be granted here"],
])("the person server denies %s, also after the person's consent", async (_, over, detail) => {
  const request = asked({ consented: true, ...over });
  expect(await decideForPerson(POLICY)(request)).toEqual({ type: "deny", detail });
  expect(refusalOf(POLICY, request)).toBe(detail);
});

test.each([
  ["without a person", { person: undefined }, "interaction"],
  ["that the person has agreed to", { scopes: ["write"], consented: true }, "grant"],
  ["at an unknown resource", { resource: "https://other.example" }, "interaction"],
  ["of a person token", { kind: "person-token", scopes: [] }, "grant"],
  ["of a scope without consent", {}, "grant"],
  ["of a scope that needs consent", { scopes: ["write"] }, "interaction"],
] as const)("the person server decides a request %s", async (_, over, type) => {
  expect(await decideForPerson(POLICY)(asked(over))).toEqual({ type });
});

const calledBy = { agent: { iss: "https://caller.example", sub: "aauth:c@caller.example" } };
test.each([
  ["a person token", "person-token", "auth-token", "grant"],
  ["an auth token", "auth-token", "auth-token", "grant"],
  ["an auth token, after an introduction", "auth-token", "person-token", "interaction"],
] as const)(
  "S41: an agent with a caller receives %s by policy only if a page named the caller",
  async (_, kind, type, decision) => {
    const decide = async (isNamed: boolean) =>
      decideForPerson(POLICY)(asked({ kind, calledBy: { ...calledBy, type, isNamed } }));
    expect(await decide(false)).toEqual({ type: "interaction" });
    expect(await decide(true)).toEqual({ type: decision });
  },
);

test.each([
  ["a blocked agent", { agent: BLOCKED }, { type: "deny", detail: "the agent is not allowed here" }],
  [
    "no grantable scope",
    { scopes: ["admin"] },
    { type: "deny", detail: "none of the scopes can be granted here" },
  ],
  ["an owner's scope", { scopes: ["read", "write"] }, { type: "interaction" }],
  ["more than is granted", { scopes: ["read", "admin"] }, { type: "grant", scopes: ["read"] }],
])("the access server decides a request with %s", (_, over, decision) => {
  expect(decideForResource(POLICY)(asked(over))).toEqual(decision);
});

test("scopes are granted to an agent that is allowed alone", () => {
  expect(grantableScopes(POLICY, asked({ scopes: ["read", "admin"] }))).toEqual(["read"]);
  expect(grantableScopes(POLICY, asked({ scopes: [] }))).toEqual([]);
  expect(grantableScopes(POLICY, asked({ agent: BLOCKED }))).toBeUndefined();
});
