import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
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

/**
 * A file whose only route has the given policies, one key per line; the first line of `policies` is
 * line 7.
 */
function withPolicies(policies: string): string {
  const indented = policies.replace(/^/gm, "        ");
  return `binds:\n- port: 3000\n  listeners:\n  - name: main\n    routes:\n    - policies:\n${indented}\n      backends: [{host: "127.0.0.1:9999"}]\n`;
}

/** The first five lines are the header's. */
const EXT_AUTHZ =
  'extAuthz:\n  host: "127.0.0.1:7070"\n  failureMode: {denyWithStatus: 503}\n  protocol:\n    http:\n';
const FIXED = `      path: '"/c"'\n      addRequestHeaders: {":method": '"POST"'}\n`;

describe("the repository's files", () => {
  test.each(["config.yaml", "config-policy.yaml", "config-draft-11.yaml", "config-draft-11-policy.yaml"])(
    "%s loads without any variable set",
    (name) => {
      const { bind } = load(read(name));
      expect(bind.port).toBe(3000);
      expect(bind.listeners.map(({ hostname }) => hostname)).toEqual([
        "supply-chain-agent.localhost",
        "market-analysis-agent.localhost",
      ]);
      const { route } = bind.listeners[0]!;
      expect(route.backends).toEqual([{ host: "127.0.0.1", port: 9999 }]);
      expect(route.policies.extAuthz).toMatchObject({
        addresses: [{ host: "127.0.0.1", port: 7070 }],
        method: "POST",
        path: "/check",
        statusWithoutAnswer: 503,
        requestTimeoutMs: 5000,
      });
      expect(route.policies.authorization === undefined).toBe(!name.endsWith("policy.yaml"));
    },
  );

  test("A11: the two files differ in authorization and least scheme only, and neither has a bucket for all callers", () => {
    const comparable = (name: string) => {
      expect(read(name)).not.toMatch(/^ *localRateLimit/m);
      const { bind, config } = load(read(name));
      for (const { route } of bind.listeners) {
        if (route.policies.authorization !== undefined) expect(route.name).toBe("supply-chain-agent");
        delete route.policies.authorization;
      }
      delete bind.listeners[0]!.route.policies.extAuthz!.addRequestHeaders["x-aauth-required-scheme"];
      return JSON.stringify({ bind, config }, (key, value) => (key === "ast" ? undefined : value), 1);
    };
    expect(comparable("config-policy.yaml")).toBe(comparable("config.yaml"));
  });

  test("draft -11: the files differ only in authorization and the mode for unsigned requests", () => {
    const comparable = (name: string) => {
      const { bind, config } = load(read(name));
      for (const { route } of bind.listeners) delete route.policies.authorization;
      delete bind.listeners[0]!.route.policies.extAuthz!.addRequestHeaders["x-aauth-mode"];
      return JSON.stringify({ bind, config }, (key, value) => (key === "ast" ? undefined : value), 1);
    };
    expect(comparable("config-draft-11-policy.yaml")).toBe(comparable("config-draft-11.yaml"));
  });

  test("addresses and the port come from the environment", () => {
    const { bind } = load(read("config.yaml"), {
      GATEWAY_PORT: "13000",
      AAUTH_AUTHZ_HOST: "aauth-authz:7071,127.0.0.1:7072",
      SUPPLY_CHAIN_AGENT_ADDR: "supply-chain-agent:19999",
    });
    const { route } = bind.listeners[0]!;
    expect(bind.port).toBe(13000);
    expect(route.backends[0]).toEqual({ host: "supply-chain-agent", port: 19999 });
    const { addresses, addRequestHeaders } = route.policies.extAuthz!;
    expect(addresses).toEqual([
      { host: "aauth-authz", port: 7071 },
      { host: "127.0.0.1", port: 7072 },
    ]);
    expect(addRequestHeaders["x-aauth-authority"]?.source).toBe('"supply-chain-agent.localhost:13000"');
  });

  test.each(["config.yaml", "config-policy.yaml", "config-draft-11.yaml", "config-draft-11-policy.yaml"])(
    "%s takes a second replica of each agent from the environment",
    (name) => {
      const second = (prefix: string, port: number) => ({
        [`${prefix}_ADDR_2`]: `127.0.0.1:${port}`,
        [`${prefix}_WEIGHT_2`]: "1",
      });
      const { bind } = load(read(name), {
        ...second("SUPPLY_CHAIN_AGENT", 19999),
        ...second("MARKET_ANALYSIS_AGENT", 19998),
      });
      const ports = bind.listeners.map(({ route }) => route.backends.map(({ port }) => port));
      expect(ports).toEqual([
        [9999, 19999],
        [9998, 19998],
      ]);
    },
  );
});

test("a weight is a backend's share of the requests, and 0 leaves it out", () => {
  const withBackends = (list: string) => withPolicies("a2a: {}").replace('[{host: "127.0.0.1:9999"}]', list);
  const { bind } = load(withBackends('[{host: "a:1", weight: 2}, {host: "b:1"}, {host: "c:1", weight: 0}]'));
  expect(bind.listeners[0]!.route.backends.map(({ host }) => host)).toEqual(["a", "a", "b"]);
  expect(() => load(withBackends('[{host: "a:1", weight: 0}]'))).toThrow(/weight above 0/);
  expect(() => load(withBackends("[]"))).toThrow(/weight above 0/);
  expect(() => load(withBackends('[{host: "a:1", weight: -1}]'))).toThrow(/weight/);
});

test("unset values have Agentgateway's defaults, and never allow a request", () => {
  const { bind } = load(withPolicies(EXT_AUTHZ + FIXED));
  const [{ hostname, route }] = bind.listeners as [(typeof bind.listeners)[number]];
  expect([hostname, route.name, route.policies.urlRewrite.authority]).toEqual(["*", "route0", "auto"]);
  expect(route.policies.extAuthz).toMatchObject({
    requestTimeoutMs: 2000,
    includeRequestHeaders: ["authorization"],
  });
});

describe("refused values, with their place", () => {
  const POLICIES = "binds[0].listeners[0].routes[0].policies";
  const unknown = /is unknown, or not supported by the embedded gateway/;
  const cases: [name: string, text: string, path: string, line: number | undefined, message: RegExp][] = [
    [
      "G9: the inert aauth block of the fork",
      withPolicies("aauth: {mode: strict}"),
      `${POLICIES}.aauth`,
      7,
      /published demo's gateway; agentgateway\/config\.yaml does the same/,
    ],
    [
      "G9: a rule set without rules",
      withPolicies("authorization:\n  rules: []"),
      `${POLICIES}.authorization.rules`,
      8,
      /allows everything/,
    ],
    ...["jwtAuth", "localRateLimit", "timeout"].map((policy): (typeof cases)[number] => [
      `a policy that only the real one has: ${policy}`,
      withPolicies(`a2a: {}\n${policy}: {}`),
      `${POLICIES}.${policy}`,
      8,
      unknown,
    ]),
    [
      "a match: requests that it leaves out would be taken",
      'binds:\n- port: 1\n  listeners:\n  - name: main\n    routes:\n    - matches: []\n      backends: [{host: "a:1"}]',
      "binds[0].listeners[0].routes[0].matches",
      6,
      unknown,
    ],
    [
      "a misspelled key deep down",
      withPolicies(`${EXT_AUTHZ}${FIXED}      metadatas: {}`),
      `${POLICIES}.extAuthz.protocol.http.metadatas`,
      14,
      unknown,
    ],
    [
      "the gRPC check by default",
      withPolicies('extAuthz:\n  host: "a:1"'),
      `${POLICIES}.extAuthz.protocol`,
      7,
      /gRPC check/,
    ],
    [
      "a check target without port",
      withPolicies(EXT_AUTHZ.replace(":7070", "") + FIXED),
      `${POLICIES}.extAuthz.host`,
      8,
      /host:port/,
    ],
    [
      "check targets with one without port",
      withPolicies(EXT_AUTHZ.replace(":7070", ":7070,b") + FIXED),
      `${POLICIES}.extAuthz.host`,
      8,
      /host:port/,
    ],
    [
      "more check targets than are taken",
      withPolicies(EXT_AUTHZ.replace(":7070", `:7070${",a:1".repeat(16)}`) + FIXED),
      `${POLICIES}.extAuthz.host`,
      8,
      /at most 16/,
    ],
    [
      "a failure mode that lets through",
      withPolicies((EXT_AUTHZ + FIXED).replace("{denyWithStatus: 503}", "allow")),
      `${POLICIES}.extAuthz.failureMode`,
      9,
      /other than denyWithStatus/,
    ],
    [
      "a failure mode that lets through by status",
      withPolicies((EXT_AUTHZ + FIXED).replace("503", "200")),
      `${POLICIES}.extAuthz.failureMode.denyWithStatus`,
      9,
      /400/,
    ],
    ...["x y", "Host"].map((name): (typeof cases)[number] => [
      `a check with a field ${name}`,
      withPolicies(`${EXT_AUTHZ}      path: '"/c"'\n      addRequestHeaders:\n        "${name}": '"1"'`),
      `${POLICIES}.extAuthz.protocol.http.addRequestHeaders.${name}`,
      14,
      /expected a header name|cannot be set here/,
    ]),
    ...['"CONNECT"', "request.method"].map((method): (typeof cases)[number] => [
      `a check with the method ${method}`,
      withPolicies((EXT_AUTHZ + FIXED).replace('"POST"', method)),
      `${POLICIES}.extAuthz.protocol.http.addRequestHeaders`,
      13,
      /not a fixed string/,
    ]),
    [
      "a check at a path that the caller chooses",
      withPolicies((EXT_AUTHZ + FIXED).replace('"/c"', "request.path")),
      `${POLICIES}.extAuthz.protocol.http.path`,
      12,
      /not a fixed string/,
    ],
    [
      "origins by name",
      withPolicies('cors:\n  allowOrigins: ["https://ui.test"]\n  allowHeaders: ["*"]'),
      `${POLICIES}.cors.allowOrigins[0]`,
      8,
      /expected "\*"/,
    ],
    [
      "a rule with two effects",
      withPolicies('authorization:\n  rules:\n  - {allow: "true", deny: "true"}'),
      `${POLICIES}.authorization.rules[0]`,
      9,
      /exactly one/,
    ],
    [
      "a duration of nothing",
      withPolicies(`${EXT_AUTHZ}${FIXED}  policies: {http: {requestTimeout: 0s}}`),
      `${POLICIES}.extAuthz.policies.http.requestTimeout`,
      14,
      /duration/,
    ],
    [
      "a header that cannot be removed",
      withPolicies("requestHeaderModifier: {remove: [x-a, host]}"),
      `${POLICIES}.requestHeaderModifier.remove[1]`,
      7,
      /cannot be set here/,
    ],
    [
      "CEL syntax",
      withPolicies('authorization:\n  rules:\n  - "1 +"'),
      `${POLICIES}.authorization.rules[0].allow`,
      9,
      /not valid CEL/,
    ],
    [
      "CEL types",
      withPolicies("authorization:\n  rules:\n  - {deny: \"1 == 'a'\"}"),
      `${POLICIES}.authorization.rules[0].deny`,
      9,
      /not valid CEL/,
    ],
    [
      "response.body in metadata, which would stop streaming",
      withPolicies(`${EXT_AUTHZ}${FIXED}      metadata:\n        aauth: 'json(response["body"])'`),
      `${POLICIES}.extAuthz.protocol.http.metadata.aauth`,
      15,
      /no CEL variable response\.body/,
    ],
    [
      "otlpProtocol left to its default",
      "config:\n  tracing:\n    otlpEndpoint: http://x:1\nbinds:\n- port: 1\n  listeners: []",
      "config.tracing.otlpProtocol",
      2,
      /otlpProtocol grpc/,
    ],
    [
      "two listeners for one host",
      'binds:\n- port: 1\n  listeners:\n  - &one {name: a, routes: [{backends: [{host: "a:1"}]}]}\n  - *one',
      "binds[0].listeners",
      3,
      /one host name/,
    ],
    ["a tag that nothing resolves", "binds: !secret x", "", 1, /not valid YAML: Unresolved tag/],
    ["an alias of nothing", "binds: *nowhere", "", undefined, /not valid YAML: Unresolved alias/],
    ["a duplicate key", "binds:\n- port: 1\n  port: 2\n  listeners: []", "", 3, /unique/],
    ["two documents", "binds: []\n---\nbinds: []", "", 2, /multiple documents/],
    ["an undefined variable", "binds:\n- port: $NOT_SET\n  listeners: []", "", 2, /NOT_SET is not set/],
  ];
  test.each(cases)("%s", (_name, text, path, line, message) => {
    const problems = problemsOf(text);
    const problem = problems.find((candidate) => candidate.path === path);
    expect(problem, JSON.stringify(problems)).toBeDefined();
    expect(problem?.line).toBe(line);
    expect(problem?.message).toMatch(message);
  });

  test("every offence is reported, not only the first", () => {
    const problems = problemsOf(withPolicies("aauth: {}\njwtAuth: {}\ncors: {allowOrigin: []}"));
    expect(problems.map(({ line }) => line)).toEqual(expect.arrayContaining([7, 8, 9]));
  });

  test("the error's message has file, line and path, and the error a code", () => {
    const text = withPolicies("jwtAuth: {}");
    expect(() => load(text)).toThrow(`test.yaml:7 ${POLICIES}.jwtAuth: key jwtAuth is unknown`);
    expect(() => load(text)).toThrow(expect.objectContaining({ code: "invalid_gateway_configuration" }));
  });

  test.each(["", "text"])("a file that is not a mapping: %j", (text) => {
    expect(problemsOf(text)).not.toEqual([]);
  });
});
