/** Passwords are guessed neither on the page nor at the token endpoint, and nobody learns which names there are. */
import { createTestClock } from "aauth/testing";
import { expect, test } from "vitest";
import { realmWith, recordingLogger, startInjected, type TestServer } from "../support/auth-server.ts";
import { createBrowser, injectedFetch, readForm } from "../support/browser.ts";
import { browserFor, decide, startConsent } from "../support/consent.ts";
import { gatedStores } from "../support/guess-limit.ts";
import { ASK_FOR_OPTIMIZE, administrator, createParties } from "../support/parties.ts";
import { directGrant, MCP_USER, signIn } from "../support/sign-in.ts";

const ORIGIN = "http://localhost:8080";
const OIDC = "/realms/aauth-test/protocol/openid-connect";
const UNLOCK = "/admin/realms/aauth-test/attack-detection/brute-force/users";
/** Of the demo's realm. */
const FAILURES = 10;

async function guess(server: TestServer, times: number): Promise<void> {
  for (let index = 0; index < times; index++) await directGrant(server, { password: `wrong-${index}` });
}

async function openSignIn({ app }: TestServer, more: Record<string, string> = {}) {
  const browser = createBrowser(injectedFetch(app));
  const query = new URLSearchParams({
    client_id: "supply-chain-ui",
    redirect_uri: "http://localhost:3050/",
    response_type: "code",
    scope: "openid",
    code_challenge: "a".repeat(43),
    code_challenge_method: "S256",
    ...more,
  });
  const url = `${ORIGIN}${OIDC}/auth?${query}`;
  const shown = await browser.follow(url, await browser.get(url));
  const { action, fields } = readForm(await shown.response.text());
  const post = (form: Record<string, string>) =>
    browser.post(new URL(action, ORIGIN).href, { ...fields, ...form });
  return { browser, url, post };
}

/** Without what is new each time, and the name that was typed. */
function comparable(page: string, name: string): string {
  return page
    .replace(/name="sign_in" value="[^"]*"/, "")
    .replaceAll(/authenticate\/[\w-]+/g, "")
    .replaceAll(name, "");
}

test("the page and the token endpoint count together, and refuse the right password in the words for a wrong one", async () => {
  const server = await startInjected();
  const { post } = await openSignIn(server);
  await guess(server, FAILURES - 2);
  const { username, password } = MCP_USER;
  const wrong = await post({ username, password: "x" });
  // The name with another spelling, and the e-mail address, are the same account.
  await post({ username: " MCP@user.com ", password: "x" });
  const locked = await post({ username, password });
  expect(locked.status).toBe(401);
  expect(comparable(await locked.text(), username)).toBe(comparable(await wrong.text(), username));
  const refused = await directGrant(server);
  expect([refused.statusCode, refused.json()]).toEqual([
    400,
    { error: "invalid_grant", error_description: "Invalid user credentials" },
  ]);
  server.clock.advance(60);
  expect((await post({ username, password })).status).toBe(303);
});

test("a name that does not exist is refused as one that does, before and after so many guesses", async () => {
  const server = await startInjected();
  const page = await openSignIn(server);
  const answers = async (username: string) => {
    const { statusCode, json } = await directGrant(server, { username, password: "x" });
    const shown = await page.post({ username, password: "x" });
    return [statusCode, json(), shown.status, comparable(await shown.text(), username)];
  };
  for (let index = 0; index < FAILURES; index++) {
    expect(await answers("nobody")).toEqual(await answers(MCP_USER.username));
  }
  expect((await directGrant(server)).statusCode).toBe(400);
});

test("typing errors lock nobody out, and the right password ends them", async () => {
  const server = await startInjected();
  for (let day = 0; day < 3; day++) {
    await guess(server, FAILURES - 1);
    expect((await directGrant(server)).statusCode).toBe(200);
  }
});

test("a lock ends no session, and no refresh token", async () => {
  const server = await startInjected();
  const tokens = (await directGrant(server)).json();
  const { browser, url, post } = await openSignIn(server);
  const { username, password } = MCP_USER;
  await browser.follow(url, await post({ username, password }));
  await guess(server, FAILURES);
  expect((await directGrant(server)).statusCode).toBe(400);
  expect((await browser.follow(url, await browser.get(url))).url).toContain("/?code=");
  const refreshed = await directGrant(server, {
    grant_type: "refresh_token",
    refresh_token: tokens.refresh_token,
  });
  expect(refreshed.statusCode).toBe(200);
});

test("the operator reads of a lock once, with the account and where the guesses come from, and of no password", async () => {
  const { logger, lines } = recordingLogger();
  const server = await startInjected({ logger });
  const { post } = await openSignIn(server);
  await guess(server, FAILURES - 1);
  for (let index = 0; index < 3; index++) await post({ username: MCP_USER.username, password: "wrong-too" });
  expect(lines.join("")).not.toMatch(/wrong-/);
  const locks = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg.includes("Account locked"));
  expect(locks).toMatchObject([
    {
      level: 40,
      userId: MCP_USER.id,
      failures: FAILURES,
      lockedSeconds: 60,
      clientId: "supply-chain-ui",
      address: "127.0.0.1",
    },
  ]);
});

test("an administrator unlocks an account; nobody else does", async () => {
  const server = await startInjected();
  await guess(server, FAILURES);
  const unlock = async (headers: Record<string, string>, more: { remoteAddress?: string } = {}) =>
    (await server.app.inject({ method: "DELETE", url: `${UNLOCK}/${MCP_USER.id}`, headers, ...more }))
      .statusCode;
  const headers = await administrator(server);
  expect(await unlock({ host: headers.host })).toBe(401);
  expect(await unlock({ ...headers, host: "rebound.example" })).toBe(403);
  expect(await unlock(headers, { remoteAddress: "192.0.2.7" })).toBe(403);
  expect((await directGrant(server)).statusCode).toBe(400);
  expect(await unlock(headers)).toBe(204);
  expect((await directGrant(server)).statusCode).toBe(200);
  // As at Keycloak, for what is not locked and for nobody, too.
  expect(await unlock(headers)).toBe(204);
});

test("who is locked out for good has no session and no tokens any more, until an administrator says otherwise", async () => {
  const env = await realmWith({ permanentLockout: true, failureFactor: 2 });
  const server = await startInjected({ env });
  const tokens = (await directGrant(server)).json();
  const { browser, url, post } = await openSignIn(server);
  const { username, password } = MCP_USER;
  await browser.follow(url, await post({ username, password }));
  const ask = async () => {
    const authorization = `Bearer ${tokens.access_token}`;
    const info = await server.app.inject({ url: `${OIDC}/userinfo`, headers: { authorization } });
    const silent = await browser.get(`${url}&prompt=none`);
    const back = new URL(String(silent.headers.get("location"))).searchParams;
    return [info.statusCode, back.get("error") ?? back.has("code")];
  };
  expect(await ask()).toEqual([200, true]);
  await guess(server, 2);
  server.clock.advance(100);
  expect(await ask()).toEqual([401, "login_required"]);
  expect(await (await browser.follow(url, await browser.get(url))).response.text()).toContain(
    "<h1>Sign in</h1>",
  );
  const form = { grant_type: "refresh_token", refresh_token: tokens.refresh_token };
  expect((await directGrant(server, form)).json().error).toBe("invalid_grant");
  expect((await directGrant(server)).json().error).toBe("invalid_grant");
  const headers = await administrator(server);
  await server.app.inject({ method: "DELETE", url: `${UNLOCK}/${MCP_USER.id}`, headers });
  expect((await directGrant(server)).statusCode).toBe(200);
});

test("nor does anybody agree to anything in their name, also on a page that is open", async () => {
  const env = await realmWith({ permanentLockout: true, failureFactor: 2 });
  const parties = await createParties({ env, attributes: ASK_FOR_OPTIMIZE });
  const browser = browserFor(parties);
  const { url } = await startConsent(parties);
  const page = await (await signIn(browser, url)).response.text();
  expect(page).toContain("consent_code");
  await guess(parties.server, 2);
  expect((await decide(browser, page, "accept")).status).toBe(400);
  const again = await browser.follow(url, await browser.get(url));
  expect(await again.response.text()).toContain("<h1>Sign in</h1>");
});

test("a realm may do without", async () => {
  const server = await startInjected({ env: await realmWith({ bruteForceProtected: false }) });
  await guess(server, 3 * FAILURES);
  expect((await directGrant(server)).statusCode).toBe(200);
});

test("a password as long as a request may be costs no more than others, and is a wrong one", async () => {
  const server = await startInjected();
  const { post } = await openSignIn(server);
  const long = "x".repeat(25_000);
  expect((await post({ username: long, password: long })).status).toBe(401);
  expect((await directGrant(server, { username: long, password: "x" })).statusCode).toBe(400);
  expect(
    (await signIn(createBrowser(injectedFetch(server.app)), (await openSignIn(server)).url)).url,
  ).toContain("/?code=");
});

test("of too many at once the last are told to come back, in the words of either endpoint", async () => {
  const clock = createTestClock(Math.floor(Date.now() / 1000));
  const { createStore, open } = gatedStores(clock);
  const server = await startInjected({ clock, createStore });
  const { browser, url, post } = await openSignIn(server);
  const signIns = Array.from({ length: 101 }, () => directGrant(server));
  // The others cannot be answered yet.
  const refused = await Promise.race(signIns);
  expect([refused.statusCode, refused.json().error]).toEqual([503, "temporarily_unavailable"]);
  const { username, password } = MCP_USER;
  const page = await post({ username, password });
  expect(page.status).toBe(503);
  expect(await page.text()).toContain("Too many sign-ins at once: try again later.");
  open();
  const statuses = (await Promise.all(signIns)).map(({ statusCode }) => statusCode);
  expect(statuses.toSorted((a, b) => a - b)).toEqual([...Array(100).fill(200), 503]);
  expect((await browser.follow(url, await post({ username, password }))).url).toContain("/?code=");
});

test("a web page of somebody else cannot lock its visitors out", async () => {
  const server = await startInjected();
  for (let index = 0; index < FAILURES; index++) {
    const reply = await server.app.inject({
      method: "POST",
      url: `${OIDC}/token`,
      headers: { origin: "https://evil.example", "content-type": "application/x-www-form-urlencoded" },
      payload: "grant_type=password&client_id=supply-chain-ui&username=mcp-user&password=x",
    });
    expect(reply.statusCode).toBe(400);
  }
  expect((await directGrant(server)).statusCode).toBe(200);
});
