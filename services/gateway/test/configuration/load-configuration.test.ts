import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { GatewayDocument } from "../../src/configuration/document-schema.ts";
import { loadConfiguration } from "../../src/configuration/load-configuration.ts";
import { ConfigurationError, type ConfigurationProblem } from "../../src/configuration/problem.ts";

const read = (name: string) =>
  readFileSync(new URL(`../../../../agentgateway/${name}`, import.meta.url), "utf8");
const load = (text: string, env: Record<string, string> = {}, overrides = {}) =>
  loadConfiguration({ text, source: "test.yaml", env, overrides });

function problemsOf(text: string, env: Record<string, string> = {}): readonly ConfigurationProblem[] {
  try {
    load(text, env);
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
    const configuration = load(read(name));
    expect(configuration.binds[0]?.port).toBe(3000);
    expect(configuration.binds[0]?.listeners.map(({ hostname }) => hostname)).toEqual([
      "supply-chain-agent.localhost",
      "market-analysis-agent.localhost",
    ]);
    const [route] = configuration.binds[0]!.listeners[0]!.routes;
    expect(route?.backend).toEqual({ host: "127.0.0.1", port: 9999 });
    expect(route?.policies.extAuthz).toMatchObject({
      host: "127.0.0.1",
      port: 7070,
      failureMode: { denyWithStatus: 503 },
      requestTimeoutMs: 5000,
    });
    expect(route?.policies.authorization === undefined).toBe(name === "config.yaml");
  });

  test("the two files differ in authorization, rate limit and least scheme only", () => {
    const policy = load(read("config-policy.yaml")).resolved as GatewayDocument;
    const plain = load(read("config.yaml")).resolved as GatewayDocument;
    for (const { binds } of [policy, plain]) {
      const { policies } = binds[0]!.listeners[0]!.routes[0]!;
      delete (policies.extAuthz!.protocol.http.addRequestHeaders as Record<string, string>)[
        "x-aauth-required-scheme"
      ];
    }
    for (const route of policy.binds.flatMap(({ listeners }) => listeners.flatMap(({ routes }) => routes))) {
      const { authorization, localRateLimit, ...rest } = route.policies;
      expect(localRateLimit).toHaveLength(1);
      expect(authorization === undefined).toBe(route.name === "market-analysis-agent");
      route.policies = rest;
    }
    expect(policy).toEqual(plain);
  });

  test("addresses and the port come from the environment", () => {
    const configuration = load(read("config.yaml"), {
      GATEWAY_PORT: "13000",
      AAUTH_AUTHZ_HOST: "aauth-authz:7071",
      SUPPLY_CHAIN_AGENT_ADDR: "supply-chain-agent:19999",
    });
    const [route] = configuration.binds[0]!.listeners[0]!.routes;
    expect(configuration.binds[0]?.port).toBe(13000);
    expect(route?.backend).toEqual({ host: "supply-chain-agent", port: 19999 });
    expect(route?.policies.extAuthz).toMatchObject({ host: "aauth-authz", port: 7071 });
    const authority = route?.policies.extAuthz?.addRequestHeaders.find(
      ({ name }) => name === "x-aauth-authority",
    );
    expect(authority?.expression.source).toBe('"supply-chain-agent.localhost:13000"');
  });

  test("own ports and trace endpoint are overridden, nothing else of tracing", () => {
    const configuration = load(
      read("config.yaml"),
      {},
      {
        adminAddress: "127.0.0.1:1",
        statsAddress: "0.0.0.0:2",
        readinessAddress: "[::1]:3",
        otlpEndpoint: "http://jaeger:4318",
        logFormat: "json",
      },
    );
    expect(configuration.admin).toEqual({ host: "127.0.0.1", port: 1 });
    expect(configuration.stats).toEqual({ host: "0.0.0.0", port: 2 });
    expect(configuration.readiness).toEqual({ host: "::1", port: 3 });
    expect(configuration.tracing).toMatchObject({
      otlpEndpoint: "http://jaeger:4318",
      path: "/v1/traces",
      randomSampling: 1,
    });
    expect(configuration.logging.format).toBe("json");
  });

  test("OTLP_ENDPOINT does not switch tracing on in a file without it", () => {
    const configuration = load(withPolicies("a2a: {}"), {}, { otlpEndpoint: "http://jaeger:4318" });
    expect(configuration.tracing).toBeUndefined();
  });
});

describe("OTEL_SDK_DISABLED", () => {
  test.each([true, false])("%s", (tracesDisabled) => {
    const { tracing, logging } = load(read("config.yaml"), {}, { tracesDisabled });
    expect(tracing === undefined).toBe(tracesDisabled);
    expect(logging.fields).not.toHaveLength(0);
  });
});

describe("unset means loopback", () => {
  test("own ports", () => {
    const { admin, stats, readiness } = load(withPolicies("a2a: {}"));
    expect([admin.host, stats.host, readiness.host]).toEqual(["127.0.0.1", "127.0.0.1", "127.0.0.1"]);
    expect([admin.port, stats.port, readiness.port]).toEqual([15000, 15020, 15021]);
  });
});

describe("what is refused, where it is said to be, and whose fault it is", () => {
  const POLICIES = "binds[0].listeners[0].routes[0].policies";
  const upstream = /supported by Agentgateway, not by the embedded gateway; use docker compose/;
  const mistake = /unknown/;
  const cases: [name: string, text: string, path: string, line: number | undefined, message: RegExp][] = [
    [
      "G9: the inert aauth block of the fork",
      withPolicies("aauth: {mode: strict}"),
      `${POLICIES}.aauth`,
      6,
      mistake,
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
      upstream,
    ],
    ["a misspelled policy", withPolicies("extAuthZ: {}"), `${POLICIES}.extAuthZ`, 6, mistake],
    [
      "a misspelled key deep down",
      withPolicies(`${EXT_AUTHZ}      addRequestHeader: {}`),
      `${POLICIES}.extAuthz.protocol.http.addRequestHeader`,
      10,
      mistake,
    ],
    [
      "extAuthz.cache",
      withPolicies(`${EXT_AUTHZ}      path: '"/check"'\n  cache: {}`),
      `${POLICIES}.extAuthz.cache`,
      11,
      upstream,
    ],
    [
      "the gRPC check",
      withPolicies('extAuthz:\n  host: "a:1"\n  protocol:\n    grpc: {}'),
      `${POLICIES}.extAuthz.protocol.grpc`,
      9,
      upstream,
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
      "failure mode",
      withPolicies(`${EXT_AUTHZ}      path: '"/c"'\n  failureMode: open`),
      `${POLICIES}.extAuthz.failureMode`,
      11,
      /allow, deny or/,
    ],
    [
      "failure mode that lets through by status",
      withPolicies(`${EXT_AUTHZ}      path: '"/c"'\n  failureMode: {denyWithStatus: 200}`),
      `${POLICIES}.extAuthz.failureMode.denyWithStatus`,
      11,
      /400/,
    ],
    [
      "conditional rate limits",
      withPolicies("localRateLimit: {conditional: []}"),
      `${POLICIES}.localRateLimit`,
      6,
      upstream,
    ],
    [
      "a bucket smaller than its filling",
      withPolicies("localRateLimit:\n- {maxTokens: 1, tokensPerFill: 2, fillInterval: 1s}"),
      `${POLICIES}.localRateLimit[0]`,
      7,
      /tokensPerFill is more than maxTokens/,
    ],
    [
      "token rate limits",
      withPolicies("localRateLimit:\n- {maxTokens: 1, fillInterval: 1s, type: tokens}"),
      `${POLICIES}.localRateLimit[0].type`,
      7,
      upstream,
    ],
    [
      "a rule with two effects",
      withPolicies('authorization:\n  rules:\n  - {allow: "true", deny: "true"}'),
      `${POLICIES}.authorization.rules[0]`,
      8,
      /exactly one/,
    ],
    [
      "a duration without unit",
      withPolicies('timeout: {requestTimeout: "5"}'),
      `${POLICIES}.timeout.requestTimeout`,
      6,
      /duration/,
    ],
    [
      "a duration with more behind it",
      withPolicies('timeout: {requestTimeout: "5s or so"}'),
      `${POLICIES}.timeout.requestTimeout`,
      6,
      /duration/,
    ],
    [
      "a duration of nothing",
      withPolicies('timeout: {requestTimeout: "0s"}'),
      `${POLICIES}.timeout.requestTimeout`,
      6,
      /duration/,
    ],
    [
      "urlRewrite.path",
      withPolicies("urlRewrite: {path: {full: /x}}"),
      `${POLICIES}.urlRewrite.path`,
      6,
      upstream,
    ],
    [
      "CEL syntax",
      withPolicies('authorization:\n  rules:\n  - "1 +"'),
      `${POLICIES}.authorization.rules[0]`,
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
      `${POLICIES}.authorization.rules[0]`,
      8,
      /unknown CEL variable aauth/,
    ],
    [
      "a CEL variable only the real one has",
      withPolicies("authorization:\n  rules:\n  - \"mcp.tool == 'x'\""),
      `${POLICIES}.authorization.rules[0]`,
      8,
      upstream,
    ],
    [
      "a misspelled request field",
      withPolicies("authorization:\n  rules:\n  - \"request.pth == 'x'\""),
      `${POLICIES}.authorization.rules[0]`,
      8,
      /unknown CEL variable request.pth/,
    ],
    [
      "a CEL function nobody has",
      withPolicies("authorization:\n  rules:\n  - \"request.path.beginsWith('x')\""),
      `${POLICIES}.authorization.rules[0]`,
      8,
      /unknown CEL function beginsWith/,
    ],
    [
      "a CEL function only the real one has",
      withPolicies("authorization:\n  rules:\n  - \"default(request.path, 'x') == 'x'\""),
      `${POLICIES}.authorization.rules[0]`,
      8,
      upstream,
    ],
    [
      "a function only this library has",
      withPolicies('authorization:\n  rules:\n  - "cel.bind(x, 1, x) == 1"'),
      `${POLICIES}.authorization.rules[0]`,
      8,
      /unknown CEL/,
    ],
    [
      "response.body in metadata, which would stop streaming",
      withPolicies(`${EXT_AUTHZ}      metadata:\n        aauth: 'json(response.body)'`),
      `${POLICIES}.extAuthz.protocol.http.metadata.aauth`,
      11,
      upstream,
    ],
    [
      'response["body"] too',
      withPolicies(`${EXT_AUTHZ}      metadata:\n        aauth: 'json(response["body"])'`),
      `${POLICIES}.extAuthz.protocol.http.metadata.aauth`,
      11,
      upstream,
    ],
    [
      "two backends",
      "binds:\n- port: 1\n  listeners:\n  - routes:\n    - backends:\n      - host: a:1\n      - host: a:2",
      "binds[0].listeners[0].routes[0].backends",
      5,
      upstream,
    ],
    [
      "a weighted backend",
      'binds:\n- port: 1\n  listeners:\n  - routes:\n    - backends:\n      - {host: "a:1", weight: 2}',
      "binds[0].listeners[0].routes[0].backends[0].weight",
      6,
      upstream,
    ],
    [
      "a unix socket",
      "binds:\n- port: 1\n  listeners:\n  - routes:\n    - backends:\n      - host: unix:/x",
      "binds[0].listeners[0].routes[0].backends[0].host",
      6,
      upstream,
    ],
    [
      "TLS",
      "binds:\n- port: 1\n  listeners:\n  - tls: {cert: x}\n    routes: []",
      "binds[0].listeners[0].tls",
      4,
      upstream,
    ],
    [
      "another protocol",
      "binds:\n- port: 1\n  listeners:\n  - protocol: HTTPS\n    routes: []",
      "binds[0].listeners[0].protocol",
      4,
      upstream,
    ],
    [
      "a path pattern",
      'binds:\n- port: 1\n  listeners:\n  - routes:\n    - matches:\n      - path: {regex: "/.*"}\n      backends: [{host: "a:1"}]',
      "binds[0].listeners[0].routes[0].matches[0].path.regex",
      6,
      upstream,
    ],
    [
      "the newer top-level keys",
      "binds:\n- port: 1\n  listeners: [{routes: []}]\ngateways: {}",
      "gateways",
      4,
      upstream,
    ],
    [
      "frontendPolicies",
      "frontendPolicies: {}\nbinds:\n- port: 1\n  listeners: [{routes: []}]",
      "frontendPolicies",
      1,
      upstream,
    ],
    [
      "an unknown top-level key",
      "bind: []\nbinds:\n- port: 1\n  listeners: [{routes: []}]",
      "bind",
      1,
      mistake,
    ],
    [
      "otlpProtocol left to its default",
      "config:\n  tracing:\n    otlpEndpoint: http://x:1\nbinds:\n- port: 1\n  listeners: [{routes: []}]",
      "config.tracing.otlpProtocol",
      2,
      /otlpProtocol grpc/,
    ],
    [
      "trace headers",
      "config:\n  tracing:\n    otlpProtocol: http\n    otlpEndpoint: http://x:1\n    headers: {a: b}\nbinds:\n- port: 1\n  listeners: [{routes: []}]",
      "config.tracing.headers",
      5,
      upstream,
    ],
    [
      "tracing without an endpoint",
      "config:\n  tracing:\n    otlpProtocol: http\nbinds:\n- port: 1\n  listeners: [{routes: []}]",
      "config.tracing.otlpEndpoint",
      2,
      /needs an otlpEndpoint/,
    ],
    [
      "a port beyond the range",
      "binds:\n- port: 70000\n  listeners: [{routes: []}]",
      "binds[0].port",
      2,
      /65535/,
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
    [
      "two routes for the same requests",
      'binds:\n- port: 1\n  listeners:\n  - routes:\n    - {name: a, backends: [{host: "a:1"}]}\n    - {name: b, backends: [{host: "a:1"}]}',
      "binds[0].listeners[0].routes[1]",
      6,
      /same requests as route a/,
    ],
    [
      "two routes of one name for the same requests",
      'binds:\n- port: 1\n  listeners:\n  - routes:\n    - {name: a, backends: [{host: "a:1"}]}\n    - {name: a, backends: [{host: "b:1"}]}',
      "binds[0].listeners[0].routes[1]",
      6,
      /same requests as route a/,
    ],
    [
      "two prefixes that differ in slashes at their end",
      'binds:\n- port: 1\n  listeners:\n  - routes:\n    - {matches: [{path: {pathPrefix: /a}}], backends: [{host: "a:1"}]}\n    - {matches: [{path: {pathPrefix: /a//}}], backends: [{host: "b:1"}]}',
      "binds[0].listeners[0].routes[1]",
      6,
      /same requests as route route0: \* any method prefix \/a$/,
    ],
    [
      "a timeout longer than a timer can wait",
      withPolicies("timeout: {requestTimeout: 597h}"),
      "binds[0].listeners[0].routes[0].policies.timeout.requestTimeout",
      6,
      /a timeout of more than 24 days/,
    ],
    [
      "a check that may take longer than a timer can wait",
      withPolicies(`${EXT_AUTHZ}      path: '"/check"'\n  policies: {http: {requestTimeout: 2147483648ms}}`),
      "binds[0].listeners[0].routes[0].policies.extAuthz.policies.http.requestTimeout",
      11,
      /a timeout of more than 24 days/,
    ],
    ["an alias of nothing", "binds: *nowhere", "", undefined, /not valid YAML: Unresolved alias/],
    [
      "aliases of aliases without end",
      `a: &a [x, x, x, x, x, x, x, x, x]\n${[..."bcdef"].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcde"[index]}`).join(", ")}]`).join("\n")}\nbinds: []`,
      "",
      undefined,
      /not valid YAML: Excessive alias count/,
    ],
    ["a tag that nobody resolves", "binds: !secret x", "", 1, /not valid YAML: Unresolved tag/],
    [
      "an expression without end",
      withPolicies(`authorization: {rules: ['${Array(20_000).fill("true").join(" && ")}']}`),
      "binds[0].listeners[0].routes[0].policies.authorization.rules[0]",
      6,
      /not valid CEL: too many operations in a row/,
    ],
    ["a duplicate key", "binds:\n- port: 1\n  port: 2\n  listeners: [{routes: []}]", "", 3, /unique/],
    ["broken YAML", "binds: [", "", 1, /not valid YAML/],
    ["nothing to listen on", "binds: []", "binds", 1, /nothing to listen on/],
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
    expect(problems.map((problem) => problem.path)).toContain(path);
    const problem = problems.find((candidate) => candidate.path === path);
    expect(problem?.line).toBe(line);
    expect(problem?.message).toMatch(message);
  });

  test("a set variable in the line is named, and its value is not shown", () => {
    const text = `binds:\n- port: $GATEWAY_PORT\n  listeners: [{routes: [], name: '\${UNSET:-x}'}]\n  mode: \${MODE:-x}`;
    const messages = problemsOf(text, { GATEWAY_PORT: "secret" }).map(({ message }) => message);
    expect(messages).toEqual([
      "expected number, received string (GATEWAY_PORT is in this line)",
      expect.stringMatching(/^key mode: .*docker compose$/),
    ]);
  });

  test.each([
    ["x-aauth-required-scheme", '"jwsk"', '"jwsk" is none of hwk, jwks, jwt'],
    ["X-AAuth-Required-Scheme", 'request.path == "/a" ? "hwk" : "none"', '"none" is none of hwk, jwks, jwt'],
    ["x-aauth-required-scheme", `"\${SCHEME:-}"`, '"" is none of hwk, jwks, jwt'],
    [
      "x-aauth-mode",
      'request.path == "/a" ? "strict" : ("b" == "b" ? "Optional" : "strict")',
      '"Optional" is none of',
    ],
    ["x-aauth-timestamp-tolerance", '"0"', '"0" is not between 1 and 300 seconds'],
    ["x-aauth-timestamp-tolerance", '"60s"', '"60s" is not between 1 and 300 seconds'],
  ])("a check that gateway-authz would always refuse: %s %s", (name, expression, said) => {
    const text = withPolicies(`${EXT_AUTHZ}      addRequestHeaders:\n        ${name}: '${expression}'`);
    expect(problemsOf(text)).toEqual([
      {
        path: expect.stringMatching(/\.extAuthz\.protocol\.http\.addRequestHeaders\.x-aauth-/),
        line: name === name.toLowerCase() ? 11 : expect.any(Number),
        message: expect.stringContaining(`gateway-authz would refuse every check: ${said}`),
      },
    ]);
  });

  test("the variable that is in the line is named with it", () => {
    const text = withPolicies(
      `${EXT_AUTHZ}      addRequestHeaders:\n        x-aauth-mode: '"$MODE"'\n        x-other: '"$MODE"'`,
    );
    expect(problemsOf(text, { MODE: "lenient" }).map(({ message }) => message)).toEqual([
      expect.stringMatching(/"lenient" is none of strict, optional, permissive \(MODE is in this line\)$/),
    ]);
    expect(problemsOf(text, { MODE: "strict" })).toEqual([]);
  });

  test("every offence is reported, not only the first", () => {
    const problems = problemsOf(withPolicies("aauth: {}\njwtAuth: {}\ncors: {allowOrigin: []}"));
    expect(problems.map(({ line }) => line)).toEqual([8, 6, 7]);
  });

  test("the error's message has file, line and path", () => {
    expect(() => load(withPolicies("aauth: {}"))).toThrow(`test.yaml:6 ${POLICIES}.aauth: unknown key aauth`);
  });

  test.each(["", "# only a comment", "[]", "text"])("a file that is no mapping: %j", (text) => {
    expect(problemsOf(text)).not.toEqual([]);
  });

  test("two documents in one file", () => {
    expect(problemsOf(`${withPolicies("a2a: {}")}---\n${withPolicies("a2a: {}")}`)[0]?.message).toMatch(
      /more than one/,
    );
  });
});
