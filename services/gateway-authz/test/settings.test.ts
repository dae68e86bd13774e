import { fileURLToPath } from "node:url";
import { loadConfig } from "agent-kit/service";
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
  ])("%j", (text, expected) => {
    expect(resources(text)).toEqual(expected);
  });

  test.each([
    [
      "a host in capitals",
      "http://A.localhost:3000",
      '"http://A.localhost:3000" is not in canonical form, which is http://a.localhost:3000',
    ],
    [
      "a scheme in capitals",
      "HTTP://a.test",
      '"HTTP://a.test" is not in canonical form, which is http://a.test',
    ],
    [
      "a trailing slash",
      "http://a.test/",
      '"http://a.test/" is not in canonical form, which is http://a.test',
    ],
    [
      "the default port",
      "https://a.test:443",
      '"https://a.test:443" is not in canonical form, which is https://a.test',
    ],
    [
      "an IP address written short",
      "http://127.1:1",
      '"http://127.1:1" is not in canonical form, which is http://127.0.0.1:1',
    ],
    [
      "a name that is no ASCII",
      "http://ä.test",
      '"http://ä.test" is not in canonical form, which is http://xn--4ca.test',
    ],
    ["a path", "http://a.test/a2a", '"http://a.test/a2a" has more than scheme, host and port'],
    ["a query", "http://a.test?x", '"http://a.test?x" has more than scheme, host and port'],
    ["a fragment", "http://a.test#x", '"http://a.test#x" has more than scheme, host and port'],
    ["a user", "http://u@a.test", '"http://u@a.test" has more than scheme, host and port'],
    ["another scheme", "ftp://a.test", '"ftp://a.test" is no http or https URL'],
    ["an authority", "a.test:3000", '"a.test:3000" is no http or https URL'],
    ["a port that is none", "http://a.test:65536", '"http://a.test:65536" is no http or https URL'],
    ["a JSON list", '["http://a.test"]', '"[\\"http://a.test\\"]" is no http or https URL'],
    ["one twice", "http://a.test,http://b.test http://a.test", '"http://a.test" is there twice'],
    ["an empty entry", "http://a.test,,http://b.test", "entry 2 is empty"],
    ["a comma at the end", "http://a.test,", "entry 2 is empty"],
    ["nothing but blanks", "  ", "entry 1 is empty"],
    [
      "two that are wrong",
      "http://A.test,x",
      '"http://A.test" is not in canonical form, which is http://a.test; "x" is no http or https URL',
    ],
  ])("refused: %s", (_name, text, problem) => {
    expect(() => resources(text)).toThrow(`GATEWAY_AUTHZ_RESOURCES: ${problem}, got `);
  });

  test("a long entry is not repeated as a whole", () => {
    expect(() => resources(`x${"y".repeat(10_000)}`)).toThrow(/^.{1,600}$/s);
  });
});

describe("the issuer is compared as text", () => {
  test.each([
    [
      { KEYCLOAK_URL: "http://LOCALHOST:8080" },
      "KEYCLOAK_URL: not in canonical form, which is http://localhost:8080",
    ],
    [
      { KEYCLOAK_URL: "https://a.test:443/auth" },
      "KEYCLOAK_URL: not in canonical form, which is https://a.test/auth",
    ],
    [
      { KEYCLOAK_URL: "http://a.test/x/../auth" },
      "KEYCLOAK_URL: not in canonical form, which is http://a.test/auth",
    ],
    [{ KEYCLOAK_REALM: ".." }, "KEYCLOAK_REALM: expected a realm name"],
    [{ KEYCLOAK_REALM: "." }, "KEYCLOAK_REALM: expected a realm name"],
  ])("refused: %j", (env, problem) => {
    expect(() => load(env)).toThrow(problem);
  });

  test.each(["http://localhost:8080", "https://a.test/auth", "https://a.test/auth/"])("%s", (url) => {
    expect(load({ KEYCLOAK_URL: url, KEYCLOAK_REALM: ".a" })).toMatchObject({
      authServerUrl: url.replace(/\/$/, ""),
      realm: ".a",
    });
  });
});

describe("GATEWAY_REQUIRED_SCHEME", () => {
  test.each(["nonsense", "JWKS", "hwk,jwks", "none"])("refused: %s", (scheme) => {
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
    await expect(buildGatewayAuthz(config, { logger, discovery })).rejects.toThrow(/canonical form/);
  },
);

test.each([
  ["GATEWAY_AUTHZ_RESOURCES", "http://A.localhost:3000"],
  ["GATEWAY_REQUIRED_SCHEME", "nonsense"],
])("a wrong %s ends the start with status 2 and one line", async (name, value) => {
  const env = { [name]: value };
  const child = startChild(process.execPath, [MAIN], { env });
  expect((await child.ended).status).toBe(2);
  expect(child.stderr()).toMatch(
    new RegExp(`^gateway-authz cannot start: one setting is wrong\n {2}${name}: .*\n$`),
  );
});
