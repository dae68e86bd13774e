import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { settings } from "../../src/config.ts";
import { accountClaims, createAccounts } from "../../src/realm/accounts.ts";
import { parsePolicy } from "../../src/realm/policy.ts";
import { parseRealm } from "../../src/realm/realm.ts";

const demoFile = await readFile(settings.realmFile.schema.parse(undefined), "utf8");
const demo = parseRealm(demoFile);

test("the demo's realm file is usable, policy included", () => {
  expect(demo.realm).toBe("aauth-test");
  expect(demo.clients.map(({ clientId }) => clientId)).toEqual(["supply-chain-ui"]);
  expect(demo.users.map(({ username }) => username)).toEqual(["mcp-user", "second-user"]);
  expect(parsePolicy(demo.attributes)).toEqual({
    ...parsePolicy({}),
    selfAgents: ["http://supply-chain-agent.localhost:3000"],
  });
});

test("another UI address moves the clients that live at the old one", () => {
  const [client] = parseRealm(demoFile, { uiUrl: "http://localhost:4321" }).clients;
  expect(client).toMatchObject({
    redirectUris: ["http://localhost:4321/*"],
    webOrigins: ["http://localhost:4321"],
  });
});

test("what is wrong with a file is said by field", () => {
  expect(() => parseRealm("{")).toThrow("not JSON");
  expect(() => parseRealm('{"realm":"a b"}')).toThrow("realm");
  const confidential = { realm: "r", clients: [{ clientId: "c", publicClient: false }] };
  expect(() => parseRealm(JSON.stringify(confidential))).toThrow("publicClient");
});

test("a user signs in with user name or e-mail address, in any case, and the right password", () => {
  const accounts = createAccounts(demo);
  for (const login of ["mcp-user", "MCP@user.com", " mcp-user "]) {
    expect(accounts.authenticate(login, "user123")?.username).toBe("mcp-user");
  }
  expect(accounts.authenticate("mcp-user", "user124")).toBeUndefined();
  expect(accounts.authenticate("mcp-user", "")).toBeUndefined();
  expect(accounts.authenticate("nobody", "")).toBeUndefined();
});

test("a user without password, and a disabled user, cannot sign in", () => {
  const accounts = createAccounts({
    ...demo,
    users: demo.users.map((user) =>
      user.username === "mcp-user" ? { ...user, credentials: [] } : { ...user, enabled: false },
    ),
  });
  expect(accounts.authenticate("mcp-user", "")).toBeUndefined();
  expect(accounts.authenticate("second-user", "user123")).toBeUndefined();
  expect(accounts.find("b2d6a8c0-41f5-4f0e-8a77-2c9e61d3e522")).toBeUndefined();
});

test("claims have Keycloak's names", () => {
  const user = createAccounts(demo).authenticate("mcp-user", "user123");
  expect(user && accountClaims(user)).toEqual({
    sub: "6f0f3f4e-3a0b-4c7e-9c43-5f7d5b1f8a11",
    name: "mcp user",
    preferred_username: "mcp-user",
    given_name: "mcp",
    family_name: "user",
    email: "mcp@user.com",
    email_verified: true,
  });
});
