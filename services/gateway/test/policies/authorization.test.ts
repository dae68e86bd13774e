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

describe("agentgateway/config-policy.yaml: identity by path", () => {
  const text = readFileSync(new URL("../../../../agentgateway/config-policy.yaml", import.meta.url), "utf8");
  const { bind } = loadConfiguration({ text, source: "config-policy.yaml", env: {} });
  const rules = bind.listeners[0]!.route.policies.authorization!;

  const BACKEND = "http://backend.localhost:8000";
  const SUPPLY_CHAIN = "http://supply-chain-agent.localhost:3000";
  const jwt = (claims: object, agent = BACKEND) => ({ aauth: { scheme: "Jwt", agent, jwt_claims: claims } });
  const good = {
    iss: "http://localhost:8080/realms/aauth-test",
    aud: SUPPLY_CHAIN,
    scope: "openid supply-chain:optimize",
    act: { agent: "http://other.test" },
  };
  const identities: [name: string, extauthz: unknown, decision: "allow" | number][] = [
    ["unsigned", { aauth: {} }, 403],
    ["check not made", null, 403],
    ["backend, jwks", { aauth: { scheme: "Jwks", agent: BACKEND } }, "allow"],
    ["another agent, jwks", { aauth: { scheme: "Jwks", agent: "http://evil.localhost:8000" } }, 403],
    ["backend with a slash", { aauth: { scheme: "Jwks", agent: `${BACKEND}/` } }, 403],
    ["backend, good token", jwt(good), "allow"],
    ["another agent, good token", jwt(good, "http://evil.localhost:8000"), 403],
    ["token for another audience", jwt({ ...good, aud: "http://market-analysis-agent.localhost:3000" }), 403],
    ["token with a list of audiences", jwt({ ...good, aud: [SUPPLY_CHAIN] }), 403],
    [
      "token with a longer scope of the same beginning",
      jwt({ ...good, scope: "supply-chain:optimize-all" }),
      403,
    ],
    ["token with the scope inside another", jwt({ ...good, scope: "x.supply-chain:optimize" }), 403],
    ["claims that are no map", { aauth: "text" }, 403],
  ];
  test.each(identities)("POST / by %s", (_name, extauthz, decision) => {
    expect(decide(rules, context(extauthz))).toBe(decision);
  });

  test.each([
    ["GET", "/.well-known/aauth-agent"],
    ["HEAD", "/jwks.json"],
  ])("%s %s without identity", (method, path) => {
    expect(decide(rules, context({ aauth: {} }, path, method))).toBe("allow");
  });

  // G11: the demo's file took prefixes and any method.
  test.each([
    ["DELETE", "/.well-known/aauth-agent"],
    ["GET", "/.well-known/aauth-agent/more"],
    ["GET", "/.well-known/aauth-agent/../../admin"],
    ["GET", "/jwks.json.bak"],
    ["GET", "/.Well-Known/aauth-agent"],
    ["GET", "/%2ewell-known/aauth-agent"],
    ["GET", "/"],
  ])("G11: %s %s without identity is refused", (method, path) => {
    expect(decide(rules, context({ aauth: {} }, path, method))).toBe(403);
  });
});
