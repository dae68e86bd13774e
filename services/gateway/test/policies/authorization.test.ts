import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { CelContext } from "../../src/cel/expression.ts";
import { compileExpression } from "../../src/cel/expression.ts";
import type { AuthorizationRule } from "../../src/configuration/document-schema.ts";
import { loadConfiguration } from "../../src/configuration/load-configuration.ts";
import { applyAuthorization } from "../../src/policies/authorization.ts";
import { LocalReply } from "../../src/proxy/local-reply.ts";

function decide(rules: readonly AuthorizationRule[], context: CelContext): "allow" | number {
  try {
    applyAuthorization(rules, context);
    return "allow";
  } catch (error) {
    if (error instanceof LocalReply) return error.status;
    throw error;
  }
}

const context = (extauthz: unknown, path = "/", method = "POST"): CelContext => ({
  request: { method, path, headers: {} },
  response: null,
  source: null,
  jwt: null,
  extauthz,
});

describe("effects", () => {
  const rule = (effect: AuthorizationRule["effect"], source: string) => ({
    effect,
    expression: compileExpression(source),
  });
  const failing = "extauthz.missing.member";
  test.each<[string, AuthorizationRule[], "allow" | number]>([
    ["an allow that is true", [rule("allow", "true")], "allow"],
    ["an allow that is false", [rule("allow", "false")], 403],
    ["an allow that fails", [rule("allow", failing)], 403],
    ["one true allow of two", [rule("allow", failing), rule("allow", "true")], "allow"],
    ["a deny beats an allow", [rule("allow", "true"), rule("deny", "true")], 403],
    ["a deny that fails lets through", [rule("deny", failing)], "allow"],
    ["only denies, none true", [rule("deny", "false")], "allow"],
    ["a require that is false", [rule("allow", "true"), rule("require", "false")], 403],
    ["a require that fails", [rule("require", failing)], 403],
    ["only requires, all true", [rule("require", "true")], "allow"],
    ["requires do not stand in for an allow", [rule("require", "true"), rule("allow", "false")], 403],
    ["a text is not true", [rule("allow", "'true'")], 403],
  ])("%s", (_name, rules, expected) => {
    expect(decide(rules, context({}))).toBe(expected);
  });
});

// Other tests apply the rules to the callers of agentgateway/policy-requests.yaml and of the
// gateway contract.
describe("agentgateway/config-policy.yaml: callers that no check describes so", () => {
  const text = readFileSync(new URL("../../../../agentgateway/config-policy.yaml", import.meta.url), "utf8");
  const { bind } = loadConfiguration({ text, source: "config-policy.yaml", env: {} });
  const rules = bind.listeners[0]!.route.policies.authorization!;

  const agent = "http://backend.localhost:8000";
  const aud = "http://supply-chain-agent.localhost:3000";
  const jwt = (claims: object) => ({ aauth: { scheme: "Jwt", agent, jwt_claims: { iss: "x", ...claims } } });
  test.each<[string, unknown, "allow" | number]>([
    ["check not made", null, 403],
    ["claims that are no map", { aauth: "text" }, 403],
    ["the backend with a slash", { aauth: { scheme: "Jwks", agent: `${agent}/` } }, 403],
    ["a token with the scope among others", jwt({ aud, scope: "openid supply-chain:optimize" }), "allow"],
    ["a token with a list of audiences", jwt({ aud: [aud], scope: "supply-chain:optimize" }), 403],
    ["a token with the scope inside another", jwt({ aud, scope: "x.supply-chain:optimize" }), 403],
  ])("%s", (_name, extauthz, decision) => {
    expect(decide(rules, context(extauthz))).toBe(decision);
  });

  test.each([
    ["GET", "/.well-known/aauth-agent/../../admin"],
    ["GET", "/jwks.json.bak"],
    ["GET", "/%2ewell-known/aauth-agent"],
  ])("G11: %s %s without identity is refused", (method, path) => {
    expect(decide(rules, context({ aauth: {} }, path, method))).toBe(403);
  });
});
