import { afterAll, beforeAll, expect, test } from "vitest";
import { runProgram } from "../../scripts/run-program.ts";
import { type AuthServerUnderTest, startAuthServer } from "../contract/auth-server/auth-server-under-test.ts";

let server: AuthServerUnderTest;
beforeAll(async () => {
  server = await startAuthServer();
  await server.setAttributes();
});
afterAll(async () => {
  // Other tests use that realm, too.
  await server.tryAttributes({});
  await server.close();
});

async function consent(args: readonly string[], env: Record<string, string> = {}) {
  return runProgram(process.execPath, ["scripts/consent.ts", ...args], {
    output: "caught",
    env: { KEYCLOAK_URL: server.origin, ...env },
  });
}

const shown = (scopes: string, prefixes: string) =>
  `Scopes that need consent:    ${scopes}\nPrefixes that need consent:  ${prefixes}\n`;
const CHANGED = "Changed; it holds from the next request on.\n";
const SCOPES = '["openid","profile","email"]';
const PREFIXES = '["user.","profile.","email."]';

test("shows the policy of the running auth server; changes one list, and the other stays", async () => {
  expect(await consent([])).toEqual({ status: 0, output: shown(SCOPES, PREFIXES) });
  const changed = await consent(["--scopes", "supply-chain:optimize, a"]);
  expect(changed.output).toBe(CHANGED + shown('["supply-chain:optimize","a"]', PREFIXES));
  const emptied = await consent(["--scopes", "", "--prefixes", ""]);
  expect(emptied.output).toBe(CHANGED + shown("[]", "[]"));
  expect(await (await server.admin("")).json()).toMatchObject({
    attributes: { "aauth.exchange.max.depth": "10", "aauth.consent.required.scopes": "[]" },
  });
});

test("A10: a scope that the auth server keeps does not talk to the terminal", async () => {
  const { output } = await consent(["--scopes", "x\u009b2J\u202e"]);
  expect(output).toContain('Scopes that need consent:    ["x\\u009b2J\\u202e"]\n');
});

test.each([
  [["--scope", "a"], {}, 2, "Unknown option '--scope'"],
  [[], { KEYCLOAK_ADMIN_PASSWORD: "wrong" }, 1, "KEYCLOAK_ADMIN_PASSWORD name its administrator"],
  [[], { KEYCLOAK_REALM: "other" }, 1, "status 404"],
  [[], { KEYCLOAK_URL: "http://127.0.0.1:9" }, 1, "No auth server answers at http://127.0.0.1:9"],
] as [string[], Record<string, string>, number, string][])(
  "%j with %j ends with %i",
  async (args, env, status, text) => {
    const result = await consent(args, env);
    expect(result.output).toContain(text);
    expect(result.status).toBe(status);
    expect(result.output).not.toMatch(/\n {4}at /);
  },
);
