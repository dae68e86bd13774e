import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Route } from "../../src/configuration/document-schema.ts";
import { loadConfiguration } from "../../src/configuration/load-configuration.ts";
import { ConfigurationError, type ConfigurationProblem } from "../../src/configuration/problem.ts";

const read = (name: string) =>
  readFileSync(new URL(`../../../../agentgateway/${name}`, import.meta.url), "utf8");
const load = (text: string, env: Record<string, string> = {}) =>
  loadConfiguration({ text, source: "test.yaml", env });

function problemsOf(text: string): readonly ConfigurationProblem[] {
  try {
    load(text);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

/** A file whose only route has the given policies, one key a line; the first line of `policies` is line 6. */
function withPolicies(policies: string): string {
  const indented = policies.replace(/^/gm, "        ");
  return `binds:\n- port: 3000\n  listeners:\n  - routes:\n    - policies:\n${indented}\n      backends: [{host: "127.0.0.1:9999"}]\n`;
}

const EXT_AUTHZ = 'extAuthz:\n  host: "127.0.0.1:7070"\n  protocol:\n    http:\n';

describe("the repository's files", () => {
  test.each(["config.yaml", "config-policy.yaml"])("%s loads without any variable set", (name) => {
    const { binds } = load(read(name));
    expect(binds[0]?.port).toBe(3000);
    expect(binds[0]?.listeners.map(({ hostname }) => hostname)).toEqual([
      "supply-chain-agent.localhost",
      "market-analysis-agent.localhost",
    ]);
    const [route] = binds[0]!.listeners[0]!.routes;
    expect(route?.backends).toEqual([{ host: { host: "127.0.0.1", port: 9999 } }]);
    expect(route?.policies.extAuthz).toMatchObject({
      address: { host: "127.0.0.1", port: 7070 },
      failureMode: { denyWithStatus: 503 },
      requestTimeoutMs: 5000,
    });
    expect(route?.policies.authorization === undefined).toBe(name === "config.yaml");
  });

  test("A11: the two files differ in authorization and least scheme only, and neither has a bucket for all callers", () => {
    const comparable = (name: string) => {
      const { binds, config } = load(read(name));
      const routes = binds.flatMap(({ listeners }) => listeners.flatMap((listener) => listener.routes));
      for (const { name, policies } of routes as { name: string; policies: Partial<Route["policies"]> }[]) {
        expect(policies.localRateLimit).toEqual([]);
        const hasRules = policies.authorization !== undefined;
        if (hasRules) expect(name).toBe("supply-chain-agent");
        delete policies.authorization;
      }
      delete routes[0]!.policies.extAuthz!.addRequestHeaders["x-aauth-required-scheme"];
      return JSON.stringify({ binds, config }, (key, value) => (key === "ast" ? undefined : value), 1);
    };
    expect(comparable("config-policy.yaml")).toBe(comparable("config.yaml"));
  });

  test("addresses and the port come from the environment", () => {
    const { binds } = load(read("config.yaml"), {
      GATEWAY_PORT: "13000",
      AAUTH_AUTHZ_HOST: "aauth-authz:7071",
      SUPPLY_CHAIN_AGENT_ADDR: "supply-chain-agent:19999",
    });
    const [route] = binds[0]!.listeners[0]!.routes;
    expect(binds[0]?.port).toBe(13000);
    expect(route?.backends[0]?.host).toEqual({ host: "supply-chain-agent", port: 19999 });
    const { address, addRequestHeaders } = route!.policies.extAuthz!;
    expect(address).toEqual({ host: "aauth-authz", port: 7071 });
    expect(addRequestHeaders["x-aauth-authority"]?.source).toBe('"supply-chain-agent.localhost:13000"');
  });
});

test("what is not said is Agentgateway's default, and never lets through", () => {
  const { binds, config } = load(withPolicies('extAuthz: {host: "a:1", protocol: {http: {}}}'));
  expect(config.logging).toMatchObject({ format: "text", level: "info" });
  const [listener] = binds[0]!.listeners;
  const [route] = listener!.routes;
  expect([listener!.name, listener!.hostname, route!.name]).toEqual(["listener0", "*", "route0"]);
  expect(route!.matches).toEqual([{ path: { pathPrefix: "/" } }]);
  const { extAuthz, urlRewrite, a2a, localRateLimit } = route!.policies;
  expect(extAuthz).toMatchObject({
    failureMode: "deny",
    requestTimeoutMs: 2000,
    includeRequestHeaders: ["authorization"],
    includeResponseHeaders: [],
  });
  expect([urlRewrite.authority, a2a, localRateLimit]).toEqual(["auto", undefined, []]);
});

test("Agentgateway's own ports may be named, and are not served", () => {
  const ports =
    "config: {adminAddr: '127.0.0.1:15000', statsAddr: '[::]:15020', readinessAddr: '[::]:15021'}\n";
  expect(problemsOf(ports + withPolicies("a2a: {}"))).toEqual([]);
});

describe("what is refused, and where it is said to be", () => {
  const POLICIES = "binds[0].listeners[0].routes[0].policies";
  const unknown = /is unknown, or not supported by the embedded gateway/;
  const cases: [name: string, text: string, path: string, line: number | undefined, message: RegExp][] = [
    [
      "G9: the inert aauth block of the fork",
      withPolicies("aauth: {mode: strict}"),
      `${POLICIES}.aauth`,
      6,
      unknown,
    ],
    [
      "G9: a rule set without rules",
      withPolicies("authorization:\n  rules: []"),
      `${POLICIES}.authorization.rules`,
      7,
      /allows everything/,
    ],
    [
      "a policy only the real one has",
      withPolicies("a2a: {}\njwtAuth: {}"),
      `${POLICIES}.jwtAuth`,
      7,
      unknown,
    ],
    [
      "a misspelled key deep down",
      withPolicies(`${EXT_AUTHZ}      addRequestHeader: {}`),
      `${POLICIES}.extAuthz.protocol.http.addRequestHeader`,
      10,
      unknown,
    ],
    [
      "a body for the check",
      withPolicies(`${EXT_AUTHZ}      path: '"/c"'\n  includeRequestBody: {maxRequestBytes: 1}`),
      `${POLICIES}.extAuthz.includeRequestBody`,
      11,
      unknown,
    ],
    [
      "the gRPC check by default",
      withPolicies('extAuthz:\n  host: "a:1"'),
      `${POLICIES}.extAuthz.protocol`,
      6,
      /gRPC check/,
    ],
    [
      "a check target without port",
      withPolicies('extAuthz:\n  host: "authz"\n  protocol: {http: {}}'),
      `${POLICIES}.extAuthz.host`,
      7,
      /host:port/,
    ],
    [
      "a failure mode that lets through by status",
      withPolicies(`${EXT_AUTHZ}      path: '"/c"'\n  failureMode: {denyWithStatus: 200}`),
      `${POLICIES}.extAuthz.failureMode.denyWithStatus`,
      11,
      /400/,
    ],
    [
      "an invalid header name",
      withPolicies(`${EXT_AUTHZ}      addRequestHeaders:\n        "x y": '"1"'`),
      `${POLICIES}.extAuthz.protocol.http.addRequestHeaders.x y`,
      11,
      /^expected a header name$/,
    ],
    ...["transfer-encoding", "Content-Length", "Host"].map((name): (typeof cases)[number] => [
      `a check with a ${name} of its own`,
      withPolicies(`${EXT_AUTHZ}      addRequestHeaders:\n        ${name}: '"1"'`),
      `${POLICIES}.extAuthz.protocol.http.addRequestHeaders.${name}`,
      11,
      /frames the message or belongs to one connection: it cannot be set here/,
    ]),
    [
      "a check with an invalid method",
      withPolicies(`${EXT_AUTHZ}      addRequestHeaders:\n        ":method": '"CONNECT"'`),
      `${POLICIES}.extAuthz.protocol.http.addRequestHeaders`,
      10,
      /is no method for a check/,
    ],
    [
      "an invalid authority",
      withPolicies("urlRewrite: {authority: {none: true, full: a}}"),
      `${POLICIES}.urlRewrite.authority.none`,
      6,
      unknown,
    ],
    [
      "a path that no request has",
      'binds:\n- port: 1\n  listeners:\n  - routes:\n    - matches:\n      - path: {exact: "/a?x=1"}\n      backends: [{host: "a:1"}]',
      "binds[0].listeners[0].routes[0].matches[0].path.exact",
      6,
      /a path as it is in a request/,
    ],
    [
      "an origin that no page has",
      withPolicies('cors:\n  allowOrigins: ["*", "https://ui.test/"]'),
      `${POLICIES}.cors.allowOrigins[1]`,
      7,
      /^expected \* or an origin such as/,
    ],
    [
      "a bucket smaller than its filling",
      withPolicies("localRateLimit:\n- {maxTokens: 1, tokensPerFill: 2, fillInterval: 1s}"),
      `${POLICIES}.localRateLimit[0]`,
      7,
      /tokensPerFill is more than maxTokens/,
    ],
    [
      "a rule with two effects",
      withPolicies('authorization:\n  rules:\n  - {allow: "true", deny: "true"}'),
      `${POLICIES}.authorization.rules[0]`,
      8,
      /exactly one/,
    ],
    ...['"5"', "0s", "597h"].map((duration): (typeof cases)[number] => [
      `the duration ${duration}`,
      withPolicies(`timeout: {requestTimeout: ${duration}}`),
      `${POLICIES}.timeout.requestTimeout`,
      6,
      /duration/,
    ]),
    [
      "a header that cannot be removed",
      withPolicies("requestHeaderModifier: {remove: [x-a, host]}"),
      `${POLICIES}.requestHeaderModifier.remove[1]`,
      6,
      /it cannot be set here/,
    ],
    [
      "CEL syntax",
      withPolicies('authorization:\n  rules:\n  - "1 +"'),
      `${POLICIES}.authorization.rules[0].allow`,
      8,
      /not valid CEL/,
    ],
    [
      "CEL types",
      withPolicies("authorization:\n  rules:\n  - {deny: \"1 == 'a'\"}"),
      `${POLICIES}.authorization.rules[0].deny`,
      8,
      /not valid CEL/,
    ],
    [
      "a CEL variable of the fork",
      withPolicies("authorization:\n  rules:\n  - \"aauth.agent == 'x'\""),
      `${POLICIES}.authorization.rules[0].allow`,
      8,
      /Unknown variable: aauth/,
    ],
    [
      "response.body in metadata, which would stop streaming",
      withPolicies(`${EXT_AUTHZ}      metadata:\n        aauth: 'json(response["body"])'`),
      `${POLICIES}.extAuthz.protocol.http.metadata.aauth`,
      11,
      /no CEL variable response\.body/,
    ],
    [
      "two backends",
      "binds:\n- port: 1\n  listeners:\n  - routes:\n    - backends:\n      - host: a:1\n      - host: a:2",
      "binds[0].listeners[0].routes[0].backends",
      5,
      /exactly one backend/,
    ],
    [
      "another protocol",
      "binds:\n- port: 1\n  listeners:\n  - protocol: HTTPS\n    routes: []",
      "binds[0].listeners[0].protocol",
      4,
      /supported by Agentgateway, not by the embedded gateway; use docker compose/,
    ],
    [
      "otlpProtocol left to its default",
      "config:\n  tracing:\n    otlpEndpoint: http://x:1\nbinds:\n- port: 1\n  listeners: [{routes: []}]",
      "config.tracing.otlpProtocol",
      2,
      /otlpProtocol grpc/,
    ],
    [
      "an invalid share",
      "config:\n  tracing:\n    otlpProtocol: http\n    otlpEndpoint: http://x:1\n    randomSampling: 1.5\nbinds: [{port: 1, listeners: [{}]}]",
      "config.tracing.randomSampling",
      5,
      /a sampling value other than true, false or 0 to 1/,
    ],
    [
      "a port bound twice",
      "binds:\n- port: 1\n  listeners: [{routes: []}]\n- port: 1\n  listeners: [{routes: []}]",
      "binds[1].port",
      4,
      /bound twice/,
    ],
    [
      "two listeners for one host",
      "binds:\n- port: 1\n  listeners:\n  - {hostname: a.test, routes: []}\n  - {hostname: a.test, routes: []}",
      "binds[0].listeners[1].hostname",
      5,
      /another listener/,
    ],
    ["a tag that nothing resolves", "binds: !secret x", "", 1, /not valid YAML: Unresolved tag/],
    ["an alias of nothing", "binds: *nowhere", "", undefined, /not valid YAML: Unresolved alias/],
    ["a duplicate key", "binds:\n- port: 1\n  port: 2\n  listeners: [{routes: []}]", "", 3, /unique/],
    ["broken YAML", "binds: [", "", 1, /not valid YAML/],
    ["nothing to listen on", "binds: []", "binds", 1, /nothing to listen on/],
    ["two documents", "binds: []\n---\nbinds: []", "", 2, /multiple documents/],
    [
      "an undefined variable",
      "binds:\n- port: $NOT_SET\n  listeners: [{routes: []}]",
      "",
      2,
      /NOT_SET is not set/,
    ],
    ["an undefined variable in a comment", `# \${NOT_SET}\nbinds: []`, "", 1, /NOT_SET is not set/],
  ];
  test.each(cases)("%s", (_name, text, path, line, message) => {
    const problems = problemsOf(text);
    const problem = problems.find((candidate) => candidate.path === path);
    expect(problem, JSON.stringify(problems)).toBeDefined();
    expect(problem?.line).toBe(line);
    expect(problem?.message).toMatch(message);
  });

  test("routes that differ in path, method or host name are not for the same requests", () => {
    const exact = (path: string, more = {}) => ({ matches: [{ path: { exact: path }, ...more }] });
    const routes = [
      {},
      exact("/a"),
      exact("/a/"),
      exact("/b", { method: "GET" }),
      { matches: [{ path: { pathPrefix: "/b" } }] },
      { hostnames: ["a.test"] },
      { hostnames: ["*.a.test"], ...exact("/a") },
    ].map((more) => ({ ...more, backends: [{ host: "a:1" }] }));
    const pathsOf = (all: object[]) =>
      problemsOf(JSON.stringify({ binds: [{ port: 1, listeners: [{ routes: all }] }] })).map(
        ({ path }) => path,
      );
    expect(pathsOf(routes)).toEqual([]);
    for (const again of routes) {
      expect(pathsOf([...routes, again])).toEqual(["binds[0].listeners[0].routes[7]"]);
    }
  });

  test("every offence is reported, not only the first", () => {
    const problems = problemsOf(withPolicies("aauth: {}\njwtAuth: {}\ncors: {allowOrigin: []}"));
    expect(problems.map(({ line }) => line).toSorted()).toEqual([6, 7, 8]);
  });

  test("the error's message has file, line and path, and the error a code", () => {
    const text = withPolicies("aauth: {}");
    expect(() => load(text)).toThrow(`test.yaml:6 ${POLICIES}.aauth: key aauth is unknown`);
    expect(() => load(text)).toThrow(expect.objectContaining({ code: "invalid_gateway_configuration" }));
  });

  test.each(["", "# only a comment", "[]", "text"])("a file that is no mapping: %j", (text) => {
    expect(problemsOf(text)).not.toEqual([]);
  });
});
