import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../../scripts/demo/free-ports.ts";
import { runProgram } from "../../scripts/run-program.ts";
import { startChild } from "../support/child.ts";

const DEFAULTS = ["--clear", "--scopes", "openid,profile,email", "--prefixes", "user.,profile.,email."];

let authServer: string;
let child: ReturnType<typeof startChild> | undefined;

beforeAll(async () => {
  if (process.env.AUTH_SERVER_TEST_URL) {
    authServer = process.env.AUTH_SERVER_TEST_URL;
    await consent(DEFAULTS);
    return;
  }
  const port = await freePort();
  authServer = `http://localhost:${port}`;
  child = startChild(process.execPath, ["services/auth-server/src/main.ts"], {
    env: { PATH: process.env.PATH, AUTH_SERVER_PORT: String(port), AUTH_SERVER_URL: authServer },
  });
  await child.prints(/ready on/);
});
afterAll(async () => {
  // Other tests use that realm, too.
  if (child === undefined) await consent(DEFAULTS);
  child?.process.kill("SIGTERM");
  await child?.ended;
});

async function consent(args: readonly string[], env: Record<string, string> = {}) {
  const { status, output } = await runProgram(process.execPath, ["scripts/consent.ts", ...args], {
    output: "caught",
    env: { KEYCLOAK_URL: authServer, ...env },
  });
  return { status, output };
}

const shown = (scopes: string, prefixes: string) =>
  `Scopes that need consent:    ${scopes}\nPrefixes that need consent:  ${prefixes}\n`;

test("shows the policy of the running auth server, with --show and without flags", async () => {
  for (const flags of [["--show"], []]) {
    expect(await consent(flags)).toEqual({
      status: 0,
      output: shown("openid, profile, email", "user., profile., email."),
    });
  }
});

test("changes one list, the other stays; --clear empties both; the other attributes survive", async () => {
  const changed = "Changed; it holds from the next request on.\n";
  expect((await consent(["--scopes", "supply-chain:optimize"])).output).toBe(
    changed + shown("supply-chain:optimize", "user., profile., email."),
  );
  expect((await consent(["--prefixes", "user.,market."])).output).toBe(
    changed + shown("supply-chain:optimize", "user., market."),
  );
  expect((await consent(["--clear", "--scopes", "a, b"])).output).toBe(changed + shown("a, b", "(none)"));
  expect((await consent(["--clear"])).output).toBe(changed + shown("(none)", "(none)"));
  expect((await consent(["--show"])).output).toBe(shown("(none)", "(none)"));

  const token = await adminToken();
  const realm = await fetch(`${authServer}/admin/realms/aauth-test`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(await realm.json()).toMatchObject({
    attributes: { "aauth.exchange.max.depth": "10", "aauth.consent.required.scopes": "[]" },
  });
});

test("A10: a scope that the auth server keeps does not talk to the terminal", async () => {
  const { output } = await consent(["--scopes", "x\u001b[2J\u202e"]);
  expect(output).toContain("Scopes that need consent:    x\\u001b[2J\\u202e\n");
});

test.each([
  [["--scope", "a"], {}, 2, "did you mean --scopes?"],
  [["--show"], { KEYCLOAK_ADMIN_PASSWORD: "wrong" }, 1, "refused administrator admin: set KEYCLOAK_ADMIN"],
  [["--show", "--realm", "other"], {}, 1, "There is no realm other"],
  [["--show"], { KEYCLOAK_URL: "http://127.0.0.1:9" }, 1, "No auth server answers at http://127.0.0.1:9"],
] as [string[], Record<string, string>, number, string][])(
  "%j with %j ends with %i",
  async (args, env, status, text) => {
    const result = await consent(args, env);
    expect(result.output).toContain(text);
    expect(result.status).toBe(status);
    expect(result.output).not.toMatch(/\n {4}at /);
  },
);

async function adminToken(): Promise<string> {
  const reply = await fetch(`${authServer}/realms/master/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "password",
      client_id: "admin-cli",
      username: "admin",
      password: "admin",
    }),
  });
  return ((await reply.json()) as { access_token: string }).access_token;
}
