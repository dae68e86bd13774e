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

  test("A11: the two files differ in authorization and least scheme only, and neither has a bucket for all callers", () => {
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
      expect(localRateLimit).toBeUndefined();
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

  test("LOG_FORMAT is for a file without logging too", () => {
    expect(load(withPolicies("a2a: {}"), {}, { logFormat: "json" }).logging).toMatchObject({
      format: "json",
      level: "info",
    });
  });

  test.each([
    "config: 5",
    "config: []",
    "config: {logging: 5}",
    "config: {logging: []}",
    "config: {tracing: 5}",
  ])("an override does not hide what is wrong: %s", (config) => {
    const overrides = { logFormat: "json", otlpEndpoint: "http://x:1", otlpProtocol: "http" };
    expect(() => load(`${config}\n${withPolicies("a2a: {}")}`, {}, overrides)).toThrow(
      /^test\.yaml:1 config(?:\.\w+)?: expected object, received (?:number|array)$/,
    );
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
      "a header whose name is none",
      withPolicies(`${EXT_AUTHZ}      addRequestHeaders:\n        "x y": '"1"'`),
      `${POLICIES}.extAuthz.protocol.http.addRequestHeaders.x y`,
      11,
      /^expected a header name$/,
    ],
    [
      "a pseudo-header where there is none",
      withPolicies(`${EXT_AUTHZ}      path: '"/c"'\n  includeRequestHeaders: [":method"]`),
      `${POLICIES}.extAuthz.includeRequestHeaders[0]`,
      11,
      /pseudo-header :method here: supported by Agentgateway/,
    ],
    [
      "a header in two spellings",
      withPolicies(
        `${EXT_AUTHZ}      addRequestHeaders:\n        x-aauth-mode: '"strict"'\n        X-AAuth-Mode: '"optional"'`,
      ),
      `${POLICIES}.extAuthz.protocol.http.addRequestHeaders.X-AAuth-Mode`,
      12,
      /^x-aauth-mode is there twice$/,
    ],
    [
      "a header that would be left out",
      withPolicies(`${EXT_AUTHZ}      addRequestHeaders:\n        __proto__: '"1"'`),
      `${POLICIES}.extAuthz.protocol.http.addRequestHeaders.__proto__`,
      11,
      /expected another name/,
    ],
    [
      "metadata that would be left out",
      withPolicies(`${EXT_AUTHZ}      metadata: {__proto__: '"1"'}`),
      `${POLICIES}.extAuthz.protocol.http.metadata.__proto__`,
      10,
      /expected another name/,
    ],
    [
      "metadata without a name",
      withPolicies(`${EXT_AUTHZ}      metadata: {"": '"1"'}`),
      `${POLICIES}.extAuthz.protocol.http.metadata.`,
      10,
      /expected a name/,
    ],
    [
      "a map of expressions that is empty",
      withPolicies(`${EXT_AUTHZ}      metadata:`),
      `${POLICIES}.extAuthz.protocol.http.metadata`,
      10,
      /expected record, received null/,
    ],
    [
      "a map of expressions that is none",
      withPolicies(`${EXT_AUTHZ}      metadata: 5`),
      `${POLICIES}.extAuthz.protocol.http.metadata`,
      10,
      /expected record, received number/,
    ],
    ...["transfer-encoding", "Content-Length", "connection", "expect", "upgrade", "keep-alive", "te"].map(
      (name): (typeof cases)[number] => [
        `a check with a ${name} of its own`,
        withPolicies(`${EXT_AUTHZ}      addRequestHeaders:\n        ${name}: '"1"'`),
        `${POLICIES}.extAuthz.protocol.http.addRequestHeaders.${name}`,
        11,
        /frames the message or belongs to one connection: it cannot be set here/,
      ],
    ),
    [
      "a check with a host of its own, beside :authority",
      withPolicies(`${EXT_AUTHZ}      addRequestHeaders:\n        Host: '"a"'`),
      `${POLICIES}.extAuthz.protocol.http.addRequestHeaders.Host`,
      11,
      /^host cannot be set here: :authority and urlRewrite\.authority do that$/,
    ],
    [
      "a length from the check's answer",
      withPolicies(`${EXT_AUTHZ}      includeResponseHeaders: [x-a, content-length]`),
      `${POLICIES}.extAuthz.protocol.http.includeResponseHeaders[1]`,
      10,
      /content-length frames the message/,
    ],
    ...["PO ST", "", "CONNECT"].map((method): (typeof cases)[number] => [
      `a check with the method ${method}`,
      withPolicies(`${EXT_AUTHZ}      addRequestHeaders:\n        ":method": '"${method}"'`),
      `${POLICIES}.extAuthz.protocol.http.addRequestHeaders.:method`,
      11,
      new RegExp(`^"${method}" is no method for a check$`),
    ]),
    ...[
      "256.1.1.1:80",
      "127.1:80",
      "0x7f.0.0.1:80",
      "a b:80",
      "a;b:80",
      "a:0",
      "a:65536",
      "[::1]:80",
      "a:b:80",
    ].map((host): (typeof cases)[number] => [
      `a check at ${host}`,
      withPolicies(`extAuthz:\n  host: "${host}"\n  protocol: {http: {}}`),
      `${POLICIES}.extAuthz.host`,
      7,
      /^expected host:port$/,
    ]),
    ...["[1]:80", "[:::]:80", "256.0.0.1:80", "::1:80", "a b:80", "a:65536", "15000"].map(
      (address): (typeof cases)[number] => [
        `an admin page at ${address}`,
        `config: {adminAddr: "${address}"}\nbinds:\n- port: 1\n  listeners: [{routes: []}]`,
        "config.adminAddr",
        1,
        /^expected an address such as 127\.0\.0\.1:15000$/,
      ],
    ),
    ...["{}", "{none: true, auto: true}", "{none: true, full: a}"].map(
      (authority): (typeof cases)[number] => [
        `the authority ${authority}`,
        withPolicies(`urlRewrite: {authority: ${authority}}`),
        `${POLICIES}.urlRewrite.authority`,
        6,
        /^expected none, auto or \{full: host:port\}$/,
      ],
    ),
    ...["a:65536", "a:", "a/b", "u@a", "256.1.1.1"].map((full): (typeof cases)[number] => [
      `the authority ${full}`,
      withPolicies(`urlRewrite: {authority: {full: "${full}"}}`),
      `${POLICIES}.urlRewrite.authority.full`,
      6,
      /^expected host or host:port$/,
    ]),
    ...["/a?x=1", "/a#b", "/a b", "/ä", "/a<b", "a", ""].map((path): (typeof cases)[number] => [
      `a path that no request has: ${path}`,
      `binds:\n- port: 1\n  listeners:\n  - routes:\n    - matches:\n      - path: {exact: "${path}"}\n      backends: [{host: "a:1"}]`,
      "binds[0].listeners[0].routes[0].matches[0].path.exact",
      6,
      /^expected a path as it is in a request/,
    ]),
    ...["{}", "{exact: /a, pathPrefix: /a}"].map((path): (typeof cases)[number] => [
      `a path that is ${path}`,
      `binds:\n- port: 1\n  listeners:\n  - routes:\n    - matches:\n      - path: ${path}\n      backends: [{host: "a:1"}]`,
      "binds[0].listeners[0].routes[0].matches[0].path",
      6,
      /exactly one of exact and pathPrefix/,
    ]),
    ...["ui.test", "https://ui.test/", "http://u@ui.test", "http://a.*.test", "null", "ftp://ui.test"].map(
      (origin): (typeof cases)[number] => [
        `an origin that no page has: ${origin}`,
        withPolicies(`cors:\n  allowOrigins: ["*", "${origin}"]`),
        `${POLICIES}.cors.allowOrigins[1]`,
        7,
        /^expected \* or an origin such as/,
      ],
    ),
    ...["allowHeaders", "exposeHeaders", "allowMethods"].flatMap((list) =>
      ["a\\nb", "a b", ""].map((entry): (typeof cases)[number] => [
        `what no CORS field can say: ${list} ${entry}`,
        withPolicies(`cors:\n  ${list}: ["${entry}"]`),
        `${POLICIES}.cors.${list}[0]`,
        7,
        /^expected a (?:header name|method)$/,
      ]),
    ),
    [
      "a longest age that no number has",
      withPolicies(`cors:\n  maxAge: ${"9".repeat(20)}h`),
      `${POLICIES}.cors.maxAge`,
      7,
      /duration/,
    ],
    ...["0x1", "' '", "''", "1.5", "-1", "request.path", ".nan", "1e-1"].map(
      (share): (typeof cases)[number] => [
        `the share ${share}`,
        `config:\n  tracing:\n    otlpProtocol: http\n    otlpEndpoint: http://x:1\n    randomSampling: ${share === "1e-1" || share === "0x1" ? `"${share}"` : share}\nbinds: [{port: 1, listeners: [{}]}]`,
        "config.tracing.randomSampling",
        5,
        share === ".nan" ? /^Invalid input$/ : /a sampling value other than true, false or 0 to 1/,
      ],
    ),
    [
      "a rate limit that is nothing",
      withPolicies("localRateLimit:"),
      `${POLICIES}.localRateLimit`,
      6,
      /list/,
    ],
    [
      "a rate limit that is a number",
      withPolicies("localRateLimit: 5"),
      `${POLICIES}.localRateLimit`,
      6,
      /list/,
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
      "requestHeaderModifier.set",
      withPolicies("requestHeaderModifier: {set: {x-a: b}}"),
      `${POLICIES}.requestHeaderModifier.set`,
      6,
      upstream,
    ],
    [
      "a header that cannot be removed",
      withPolicies("requestHeaderModifier: {remove: [x-a, host]}"),
      `${POLICIES}.requestHeaderModifier.remove[1]`,
      6,
      /^host cannot be set here/,
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
    ...["http://user:secret@x:1", "https://secret@x/v1", "http://:secret@x"].map(
      (endpoint): (typeof cases)[number] => [
        `a collector at ${endpoint}`,
        `config:\n  tracing:\n    otlpProtocol: http\n    otlpEndpoint: ${endpoint}\nbinds: [{port: 1, listeners: [{}]}]`,
        "config.tracing.otlpEndpoint",
        4,
        /^expected a URL without user name and password;/,
      ],
    ),
    [
      "a level by module",
      "config: {logging: {level: 'info,proxy=debug'}}\nbinds: [{port: 1, listeners: [{}]}]",
      "config.logging.level",
      1,
      /a level by module: supported by Agentgateway/,
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
    ["keys that are one text", withPolicies('a2a: {1: a, "1": b}'), "", 6, /Map keys must be unique: 1/],
    ["a key that is a list", withPolicies(`${EXT_AUTHZ}      metadata: {[a]: "1"}`), "", 10, /must be texts/],
    ["a file of YAML 1.1", `%YAML 1.1\n---\n${withPolicies("a2a: {}")}`, "", 1, /expected YAML 1\.2/],
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

  test("what is at the edge of it is taken", () => {
    const tracing = {
      otlpProtocol: "http",
      otlpEndpoint: "https://x",
      randomSampling: ".5",
      clientSampling: "true",
    };
    const http = {
      includeResponseHeaders: ["Content-Type"],
      addRequestHeaders: { ":Method": '"QUERY"', "X-A": '"1"' },
    };
    const policies = {
      urlRewrite: { authority: { full: "Fixed.test:65535" } },
      timeout: { requestTimeout: "2147483647ms" },
      cors: { allowOrigins: ["*", "HTTPS://*.Ui.test:3050"], allowMethods: ["*", "GET"] },
      extAuthz: { host: "a:65535", protocol: { http }, failureMode: { denyWithStatus: 400 } },
    };
    const matches = [{ method: "GET" }, { method: "GET" }, { path: { exact: "/a%20b|c" } }];
    const routes = [{ matches, policies, backends: [{ host: "a:1", weight: 1 }] }];
    const document = {
      config: {
        adminAddr: "[::1]:0",
        statsAddr: "localhost:65535",
        readinessAddr: "10.0.0.1:1",
        tracing,
        logging: { level: "trace" },
      },
      binds: [{ port: 65_535, listeners: [{ protocol: "HTTP", routes }] }],
    };
    const { admin, stats, readiness, binds, ...rest } = load(`%YAML 1.2\n---\n${JSON.stringify(document)}`);
    expect([admin, stats, readiness]).toEqual([
      { host: "::1", port: 0 },
      { host: "localhost", port: 65_535 },
      { host: "10.0.0.1", port: 1 },
    ]);
    expect(rest.tracing).toMatchObject({ randomSampling: 0.5, clientSampling: 1 });
    expect(rest.logging.level).toBe("trace");
    const [route] = binds[0]!.listeners[0]!.routes;
    const get = { path: { pathPrefix: "/" }, method: "GET" };
    expect(route!.matches).toEqual([get, get, { path: { exact: "/a%20b|c" } }]);
    const { authority, requestTimeoutMs, extAuthz } = route!.policies;
    expect([authority, requestTimeoutMs]).toEqual([{ full: "Fixed.test:65535" }, 2_147_483_647]);
    expect(extAuthz).toMatchObject({ port: 65_535, failureMode: { denyWithStatus: 400 } });
    expect(extAuthz?.addRequestHeaders.map(({ name }) => name)).toEqual([":method", "x-a"]);
    expect(extAuthz?.includeResponseHeaders).toEqual(["content-type"]);
  });

  test("routes that differ in path, method or host name are not for the same requests", () => {
    const route = (more: object) => ({ ...more, backends: [{ host: "a:1" }] });
    const exact = (path: string, more = {}) => ({ matches: [{ path: { exact: path }, ...more }] });
    const routes = [
      {},
      exact("/a"),
      exact("/a/"),
      exact("/b"),
      exact("/b", { method: "GET" }),
      { matches: [{ path: { pathPrefix: "/b" } }] },
      { matches: [{ method: "GET" }] },
      { hostnames: ["a.test"] },
      { hostnames: ["*.a.test"], ...exact("/a") },
    ].map(route);
    const load = (all: object[]) =>
      problemsOf(JSON.stringify({ binds: [{ port: 1, listeners: [{ routes: all }] }] }));
    expect(load(routes)).toEqual([]);
    for (const again of routes) {
      expect(load([...routes, again]).map(({ path }) => path)).toEqual(["binds[0].listeners[0].routes[9]"]);
    }
  });

  test("what is not said is Agentgateway's default, and never lets through", () => {
    const { binds, logging } = load(withPolicies('extAuthz: {host: "a:1", protocol: {http: {}}}'));
    expect(logging).toMatchObject({ format: "text", level: "info" });
    const [listener] = binds[0]!.listeners;
    expect([listener!.name, listener!.hostname, listener!.routes[0]!.name]).toEqual([
      "listener0",
      undefined,
      "route0",
    ]);
    const { extAuthz, authority, a2a, localRateLimit } = listener!.routes[0]!.policies;
    expect(extAuthz).toMatchObject({
      failureMode: { mode: "deny" },
      requestTimeoutMs: 2000,
      includeRequestHeaders: ["authorization"],
      includeResponseHeaders: [],
    });
    expect(extAuthz).not.toHaveProperty("includeRequestBody");
    expect([authority, a2a, localRateLimit]).toEqual(["auto", false, []]);
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
