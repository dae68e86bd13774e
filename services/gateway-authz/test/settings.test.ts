import { fileURLToPath } from "node:url";
import { loadConfig } from "agent-kit/settings";
import { describe, expect, test } from "vitest";
import { startChild } from "../../../tests/support/child.ts";
import { buildGatewayAuthz } from "../src/app.ts";
import { settings } from "../src/config.ts";
import { check, setUp } from "./parties.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

const load = (env: Record<string, string>) =>
  loadConfig({ service: "gateway-authz", settings, env, argv: [] });
const resources = (text: string) => load({ GATEWAY_AUTHZ_RESOURCES: text }).resources;

describe("GATEWAY_AUTHZ_RESOURCES", () => {
  test.each([
    ["http://a.localhost:3000", ["http://a.localhost:3000"]],
    ["https://a.test, http://b.test:81", ["https://a.test", "http://b.test:81"]],
    [
      " https://a.test\n  https://b.test ,https://[::1]:81\t",
      ["https://a.test", "https://b.test", "https://[::1]:81"],
    ],
  ])("reads %j", (text, expected) => {
    expect(resources(text)).toEqual(expected);
  });

  test.each([
    ["a host in capitals", "http://A.localhost:3000"],
    ["a trailing slash", "http://a.test/"],
    ["the default port", "https://a.test:443"],
    ["a path", "http://a.test/a2a"],
    ["a query", "http://a.test?x"],
    ["a user", "http://u@a.test"],
    ["another scheme", "ftp://a.test"],
    ["an authority", "a.test:3000"],
    ["one twice", "http://a.test,http://b.test http://a.test"],
    ["an empty entry", "http://a.test,,http://b.test"],
    ["blanks alone", "  "],
  ])("refused: %s", (_name, text) => {
    expect(() => resources(text)).toThrow(/GATEWAY_AUTHZ_RESOURCES: expected http or https URLs, each once/);
  });
});

describe("identifiers of draft -11", () => {
  const names = ["GATEWAY_AUTHZ_DRAFT_11_RESOURCES", "GATEWAY_AUTHZ_PERSON_SERVERS"];
  test.each(names)("%s: as they stand in tokens", (name) => {
    const text = "https://a.test, https://b.localhost";
    const { draft11Resources, personServers } = load({ [name]: text });
    expect(name.endsWith("RESOURCES") ? draft11Resources : personServers).toEqual([
      "https://a.test",
      "https://b.localhost",
    ]);
  });

  test.each([
    "https://A.test",
    "https://a.test/",
    "https://a.test:8443",
    "https://a.test/x",
    "https://u@a.test",
    "http://a.test",
    "a.test",
    "https://a.test https://a.test",
    " ",
  ])("refused: %j", (text) => {
    for (const name of [...names, "GATEWAY_AUTHZ_ACCESS_SERVER"]) {
      expect(() => load({ [name]: text })).toThrow(`${name}: expected `);
    }
  });
});

describe("the issuer is compared as text", () => {
  test.each([
    [
      { KEYCLOAK_URL: "http://LOCALHOST:8080" },
      "KEYCLOAK_URL: not in canonical form, which is http://localhost:8080",
    ],
    [
      { KEYCLOAK_URL: "http://a.test/x/../auth" },
      "KEYCLOAK_URL: not in canonical form, which is http://a.test/auth",
    ],
  ])("refused: %j", (env, problem) => {
    expect(() => load(env)).toThrow(problem);
  });
});

describe("GATEWAY_REQUIRED_SCHEME", () => {
  test.each(["JWKS", "none"])("refused: %s", (scheme) => {
    expect(() => load({ GATEWAY_REQUIRED_SCHEME: scheme })).toThrow(
      /GATEWAY_REQUIRED_SCHEME: .*"hwk"\|"jwks"\|"jwt"/,
    );
  });

  test.each([
    [{}, {}, 200],
    [{ GATEWAY_REQUIRED_SCHEME: "hwk" }, {}, 200],
    [{ GATEWAY_REQUIRED_SCHEME: "jwks" }, {}, 401],
    [{ GATEWAY_REQUIRED_SCHEME: "jwks" }, { "x-aauth-required-scheme": "hwk" }, 200],
    [{}, { "x-aauth-required-scheme": "jwks" }, 401],
  ])("with %j and %j a pseudonymous caller gets %i", async (env, change, status) => {
    const { app, signed, schemes } = await setUp({ config: { leastScheme: load(env).leastScheme } });
    const { "x-aauth-required-scheme": _, ...headers } = await signed(schemes.hwk);
    expect(await check(app, { ...headers, ...change })).toMatchObject({ status });
  });
});

test.each([
  ["a resource", { resources: ["http://a.test/"] }],
  ["an issuer", { authServerUrl: "http://A.test" }],
])(
  "%s that could never match is refused where the check is made, not by the first request",
  async (_name, change) => {
    const { discovery } = await setUp();
    const config = { ...load({}), ...change };
    const logger = { child: () => ({}) } as never;
    await expect(
      buildGatewayAuthz(config, { logger, discovery: { "february-2026": discovery } }),
    ).rejects.toThrow(/must be a canonical identifier/);
  },
);

test("a wrong setting ends the start with status 2 and one line", async () => {
  const child = startChild(process.execPath, [MAIN], { env: { GATEWAY_REQUIRED_SCHEME: "nonsense" } });
  expect((await child.ended).status).toBe(2);
  expect(child.stderr()).toMatch(
    /^gateway-authz cannot start: one setting is wrong\n {2}GATEWAY_REQUIRED_SCHEME: .*\n$/,
  );
});
