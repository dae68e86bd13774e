import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { PARTY_COLOURS } from "../../../../packages/topology/src/index.ts";
import { settings } from "../../src/config.ts";
import { accountClaims, createAccounts } from "../../src/realm/accounts.ts";
import { parsePolicy } from "../../src/realm/policy.ts";
import { parseRealm, type Realm, type RealmUser, siteOf } from "../../src/realm/realm.ts";

const demoFile = await readFile(settings.realmFile.schema.parse(undefined), "utf8");
const demo = parseRealm(demoFile);
const ORIGIN = { clientId: "c", address: "127.0.0.1" };
function accountsOf(realm: Realm) {
  const accounts = createAccounts(realm, { allows: () => true, reset: () => {} });
  const authenticate = (login: string, password: string) => accounts.authenticate(login, password, ORIGIN);
  return { ...accounts, authenticate };
}

test("pages have the party's name and the colours of its column", () => {
  expect(siteOf(demo)).toMatchObject({
    name: "Auth server · AAuth demo",
    colours: PARTY_COLOURS["auth-server"],
  });
});

test("the demo's realm file is usable, policy included", () => {
  expect(demo.realm).toBe("aauth-test");
  expect(demo.clients.map(({ clientId }) => clientId)).toEqual(["supply-chain-ui", "person-server"]);
  expect(demo.users.map(({ username }) => username)).toEqual(["mcp-user", "second-user"]);
  expect(parsePolicy(demo.attributes)).toEqual({
    ...parsePolicy({}),
    selfAgents: ["http://supply-chain-agent.localhost:3000"],
    exchangeAgents: ["http://supply-chain-agent.localhost:3000"],
  });
});

test("another UI address moves the clients that live at the old one", () => {
  const personServerUrl = "http://localhost:4322";
  const [client, personServer] = parseRealm(demoFile, {
    uiUrl: "http://localhost:4321",
    personServerUrl,
  }).clients;
  expect(personServer?.redirectUris).toEqual([`${personServerUrl}/sign-in/callback`]);
  expect(client).toMatchObject({
    redirectUris: ["http://localhost:4321/", "http://localhost:4321/silent-check-sso.html"],
    webOrigins: ["http://localhost:4321"],
  });
});

test.each([{ failureFactor: 0 }, { failureFactor: "10" }, { maxFailureWaitSeconds: 1e7 }])(
  "a password limit that could not work stops the start by its name: %j",
  (wrong) => {
    expect(() => parseRealm(JSON.stringify({ realm: "r", ...wrong }))).toThrow(Object.keys(wrong)[0]);
  },
);

test("reports the problems of a file by field", () => {
  expect(() => parseRealm("{")).toThrow("not JSON");
  expect(() => parseRealm('{"realm":"a b"}')).toThrow("realm");
  const confidential = { realm: "r", clients: [{ clientId: "c", publicClient: false }] };
  expect(() => parseRealm(JSON.stringify(confidential))).toThrow("publicClient");
  expect(() => parseRealm('{"realm":"r","enabled":false}')).toThrow("the realm is disabled");
  for (const uri of ["http://localhost:3050/*", "http://localhost:3050/#a", "app:/back", "/"]) {
    const pattern = { realm: "r", clients: [{ clientId: "c", publicClient: true, redirectUris: [uri] }] };
    expect(() => parseRealm(JSON.stringify(pattern))).toThrow("redirectUris");
  }
});

test("a user signs in with user name or e-mail address, in any case, and the right password", async () => {
  const accounts = accountsOf(demo);
  for (const login of ["mcp-user", "MCP@user.com", " mcp-user "]) {
    expect((await accounts.authenticate(login, "user123"))?.username).toBe("mcp-user");
  }
  expect(await accounts.authenticate("mcp-user", "user124")).toBeUndefined();
  expect(await accounts.authenticate("mcp-user", "")).toBeUndefined();
  expect(await accounts.authenticate("nobody", "")).toBeUndefined();
});

test("an e-mail address signs in only if the realm allows it, and never as a user with that user name", async () => {
  const closed = accountsOf({ ...demo, loginWithEmailAllowed: false });
  expect(await closed.authenticate("mcp@user.com", "user123")).toBeUndefined();
  expect((await closed.authenticate("mcp-user", "user123"))?.username).toBe("mcp-user");

  const [first, second] = demo.users as [RealmUser, RealmUser];
  const password = [{ type: "password", value: "of-second" }];
  for (const users of [
    [first, { ...second, username: "mcp@user.com", credentials: password }],
    [{ ...second, username: "mcp@user.com", credentials: password }, first],
  ]) {
    const accounts = accountsOf({ ...demo, users });
    expect((await accounts.authenticate("mcp@user.com", "of-second"))?.id).toBe(second.id);
    expect(await accounts.authenticate("mcp@user.com", "user123")).toBeUndefined();
  }
});

test("a user without password, and a disabled user, cannot sign in", async () => {
  const { users, ...file } = JSON.parse(demoFile);
  const changed = [
    { ...users[0], credentials: [] },
    { ...users[1], enabled: false },
  ];
  const accounts = accountsOf(parseRealm(JSON.stringify({ ...file, users: changed })));
  expect(await accounts.authenticate("mcp-user", "")).toBeUndefined();
  expect(await accounts.authenticate("second-user", "user123")).toBeUndefined();
  expect(await accounts.find("b2d6a8c0-41f5-4f0e-8a77-2c9e61d3e522")).toBeUndefined();
});

test("claims have Keycloak's names", async () => {
  const user = await accountsOf(demo).authenticate("mcp-user", "user123");
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
