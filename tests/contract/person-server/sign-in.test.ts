/** Persons sign in to the person server at the realm: in Keycloak, and in the embedded server. */

import { afterAll, expect, test } from "vitest";
import {
  OWN_ORIGIN,
  relyingParty,
  shown,
  TestBrowser,
} from "../../../services/person-server/test/support/relying-party.ts";
import { startAuthServer } from "../auth-server/auth-server-under-test.ts";
import { formOf, isSignIn, MCP_USER, SECOND_USER } from "../auth-server/journey.ts";

const server = await startAuthServer();
const app = await relyingParty({
  issuer: new URL(server.issuer),
  scopes: ["openid", "profile", "email"],
  nameClaim: "preferred_username",
});

afterAll(async () => {
  await app.close();
  await server.close();
});

/** Opens the realm's form and returns with a session. */
async function signIn(browser: TestBrowser, { username, password } = MCP_USER) {
  const { response, url } = await browser.follow("/who?x=1");
  const page = { url, status: response.status, headers: response.headers, text: await response.text() };
  expect(isSignIn(page)).toBe(true);
  const { action, fields } = formOf(page);
  const back = await browser.follow(new URL(action, url).href, { ...fields, username, password });
  return { ...(await shown(back.response)), url: back.url };
}

test("a person signs in, and is the same person at each sign-in", async () => {
  const first = await signIn(new TestBrowser(app));
  expect(first.url).toBe(`${OWN_ORIGIN}/who?x=1`);
  expect(first.person).toEqual({
    id: expect.stringMatching(/^[\w-]{43}$/),
    issuer: server.issuer,
    subject: MCP_USER.id,
    name: MCP_USER.username,
    claimedName: MCP_USER.username,
    email: "mcp@user.com",
  });
  const again = await signIn(new TestBrowser(app));
  expect(again.person).toEqual(first.person);
  expect(again.id).not.toBe(first.id);
});

test("a sign-out ends the realm's session, too: another person signs in in the same browser", async () => {
  const browser = new TestBrowser(app);
  const first = await signIn(browser);
  const { response, url } = await browser.follow("/sign-in/sign-out", {});
  expect(response.status).toBe(200);
  expect(new URL(url).origin).toBe(server.origin);
  const page = await response.text();
  // The embedded server's page submits its form by a script.
  if (page.includes("op.logoutForm")) {
    const xsrf = /name="xsrf" value="(\w+)"/.exec(page)?.[1] ?? "";
    const action = /action="([^"]+)"/.exec(page)?.[1] ?? "";
    await browser.follow(new URL(action, url).href, { xsrf, logout: "yes" });
  }
  const second = await signIn(browser, SECOND_USER);
  expect(second.person?.subject).toBe(SECOND_USER.id);
  expect(second.person?.id).not.toBe(first.person?.id);
});

test("keys rotated between two sign-ins are found", async () => {
  await signIn(new TestBrowser(app));
  const config = { priority: ["300"], algorithm: ["RS256"] };
  const key = {
    name: "rsa-newer",
    providerId: "rsa-generated",
    providerType: "org.keycloak.keys.KeyProvider",
  };
  const reply = await server.admin("/components", {
    method: "POST",
    body: JSON.stringify({ ...key, config }),
  });
  expect(reply.status).toBe(201);
  expect((await signIn(new TestBrowser(app))).person?.subject).toBe(MCP_USER.id);
});

test("a code that the realm did not issue is refused", async () => {
  const browser = new TestBrowser(app);
  const location = new URL((await browser.open("/who")).headers.get("location") ?? "about:blank");
  const state = location.searchParams.get("state") ?? "";
  const query = new URLSearchParams({ state, code: "forged", iss: server.issuer });
  expect(await shown(await browser.open(`/sign-in/callback?${query}`))).toMatchObject({
    code: "sign_in_refused",
  });
});
