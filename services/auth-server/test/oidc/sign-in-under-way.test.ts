/** Whoever has the sign-in page before them can finish, whatever others begin meanwhile. */
import { createTestClock } from "aauth/testing";
import { expect, test } from "vitest";
import { memoryStores } from "../../src/create-store.ts";
import { createCarriedSignIn } from "../../src/oidc/carried-sign-in.ts";
import { startInjected, type TestServer } from "../support/auth-server.ts";
import { type Browser, createBrowser, injectedFetch, readForm } from "../support/browser.ts";
import { gatedStores } from "../support/guess-limit.ts";
import { MCP_USER } from "../support/sign-in.ts";

const ORIGIN = "http://localhost:8080";
const OIDC = "/realms/aauth-test/protocol/openid-connect";
const CREDENTIALS = { username: MCP_USER.username, password: MCP_USER.password };

function authorizationUrl(parameters: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    client_id: "supply-chain-ui",
    redirect_uri: "http://localhost:3050/",
    response_type: "code",
    scope: "openid",
    state: "mine",
    code_challenge: "a".repeat(43),
    code_challenge_method: "S256",
    ...parameters,
  });
  return `${ORIGIN}${OIDC}/auth?${query}`;
}

async function startSmall(): Promise<TestServer> {
  const clock = createTestClock(Math.floor(Date.now() / 1000));
  return startInjected({ clock, createStore: memoryStores(clock.now, 20) });
}

/** A page and its form, and the browser that shows it. */
async function openSignIn({ app }: TestServer, url = authorizationUrl()) {
  const browser = createBrowser(injectedFetch(app));
  const shown = await browser.follow(url, await browser.get(url));
  const form = readForm(await shown.response.text());
  return { browser, action: new URL(form.action, ORIGIN).href, fields: form.fields };
}

async function beginMany({ app }: TestServer): Promise<void> {
  for (let index = 0; index < 25; index++) await app.inject(authorizationUrl().slice(ORIGIN.length));
}

async function finish(browser: Browser, action: string, fields: Record<string, string>) {
  return browser.follow(action, await browser.post(action, { ...fields, ...CREDENTIALS }));
}

async function expectExpired(response: Response): Promise<void> {
  expect(response.status).toBe(400);
  const page = await response.text();
  expect(page).toContain("This sign-in has expired");
  expect(page).toContain('<a href="http://localhost:3050">Go to Supply chain UI</a>');
}

test("sign-ins begun by others end none that somebody is in the middle of", async () => {
  const server = await startSmall();
  const { browser, action, fields } = await openSignIn(server);
  await beginMany(server);
  const wrong = await browser.post(action, { ...fields, ...CREDENTIALS, password: "x" });
  expect(wrong.status).toBe(401);
  const again = readForm(await wrong.text());
  await beginMany(server);
  const { url } = await finish(browser, action, again.fields);
  expect(url).toMatch(/^http:\/\/localhost:3050\/\?code=[\w-]+&state=mine&/);
});

test("what comes back with its form is kept no longer than it would have been", async () => {
  const clock = createTestClock(Math.floor(Date.now() / 1000));
  const create = memoryStores(clock.now, 20);
  const kept: number[] = [];
  const recording = <Value>(maxEntries?: number) => {
    const store = create<Value>(maxEntries);
    const { put } = store;
    store.put = (key, value, ttlSeconds) => {
      if (JSON.stringify(value)?.includes("code_challenge_method")) kept.push(ttlSeconds);
      return put.call(store, key, value, ttlSeconds);
    };
    return store;
  };
  const createStore = Object.assign(recording, { maxEntries: create.maxEntries });
  const server = await startInjected({ clock, createStore });
  const { browser, action, fields } = await openSignIn(server);
  await beginMany(server);
  clock.advance(100);
  kept.length = 0;
  const { url } = await finish(browser, action, fields);
  expect(url).toContain("code=");
  expect(kept[0]).toBe(1700);
  expect(Math.max(...kept)).toBeLessThanOrEqual(1800);
});

test("nor one whose password is being judged", async () => {
  const clock = createTestClock(Math.floor(Date.now() / 1000));
  const { createStore, open, claimed } = gatedStores(clock, 20);
  const server = await startInjected({ clock, createStore });
  const { browser, action, fields } = await openSignIn(server);
  const carried = finish(browser, action, fields);
  await claimed;
  await beginMany(server);
  open();
  expect((await carried).url).toContain("/?code=");
});

test("what is pushed out for good while its password is judged has expired", async () => {
  const clock = createTestClock(Math.floor(Date.now() / 1000));
  const { createStore, open, claimed } = gatedStores(clock, 20);
  const server = await startInjected({ clock, createStore });
  const { browser, action } = await openSignIn(server);
  const bare = finish(browser, action, {});
  await claimed;
  await beginMany(server);
  open();
  await expectExpired((await bare).response);
});

test("the longest request that is taken comes back with its form", async () => {
  const server = await startSmall();
  const long = { state: "\u0001".repeat(2000), nonce: "\u0001".repeat(300) };
  const { browser, action, fields } = await openSignIn(server, authorizationUrl(long));
  await beginMany(server);
  const { url } = await finish(browser, action, fields);
  expect(new URL(url).searchParams.get("state")).toBe(long.state);
});

test("what the page carries opens no sign-in to another browser, and no other sign-in", async () => {
  const server = await startSmall();
  const mine = await openSignIn(server);
  const other = await openSignIn(server);
  const stranger = createBrowser(injectedFetch(server.app));
  await beginMany(server);
  await expectExpired((await finish(stranger, mine.action, mine.fields)).response);
  await expectExpired((await finish(other.browser, other.action, mine.fields)).response);
  await expectExpired((await finish(other.browser, mine.action, mine.fields)).response);
});

test("what was pushed out is over without it, or with a text that is not the server's; there is a way to begin again", async () => {
  const server = await startSmall();
  const { browser, action, fields } = await openSignIn(server);
  await beginMany(server);
  await expectExpired(await browser.get(action));
  await expectExpired((await finish(browser, action, {})).response);
  const [head, , ...rest] = String(fields.sign_in).split(".");
  const changed = [head, "", rest[0], `A${rest[1]}`, rest[2]].join(".");
  for (const sign_in of ["", "x", changed]) {
    await expectExpired((await finish(browser, action, { sign_in })).response);
  }
});

test("whoever is asked to sign in again may be somebody else, whose session it is from then on", async () => {
  const server = await startSmall();
  const first = await openSignIn(server);
  await finish(first.browser, first.action, first.fields);
  const again = await first.browser.get(authorizationUrl({ prompt: "login" }));
  const shown = await first.browser.follow(ORIGIN, again);
  const form = readForm(await shown.response.text());
  const action = new URL(form.action, ORIGIN).href;
  const other = { ...form.fields, username: "second-user", password: "user123" };
  const leaving = await first.browser.follow(action, await first.browser.post(action, other));
  const signOut = readForm(await leaving.response.text());
  const left = await first.browser.post(signOut.action, signOut.fields);
  expect((await first.browser.follow(signOut.action, left)).url).toContain("/?code=");
  const page = await first.browser.get(`${ORIGIN}${OIDC}/logout`);
  expect(await page.text()).toContain("Do you want to sign out?");
});

test("a sign-in that is over stays over", async () => {
  const server = await startSmall();
  const { browser, action, fields } = await openSignIn(server);
  server.clock.advance(1800);
  await expectExpired((await finish(browser, action, fields)).response);
});

test("a form that is sent again after the sign-in brings no second code", async () => {
  const server = await startSmall();
  const { browser, action, fields } = await openSignIn(server);
  expect((await finish(browser, action, fields)).url).toContain("?code=");
  const again = await finish(browser, action, fields);
  expect(again.response.status).toBe(400);
  expect(await again.response.text()).toContain("Go to Supply chain UI");
});

test("the page carries no password that was shown: what came of it is good once, where it is kept", async () => {
  const server = await startSmall();
  const { browser, action, fields } = await openSignIn(server);
  const done = await browser.post(action, { ...fields, ...CREDENTIALS });
  const page = await (await browser.get(action)).text();
  await beginMany(server);
  expect((await browser.post(action, readForm(page).fields)).status).toBe(400);
  const resumed = await browser.get(done.headers.get("location") as string);
  expect(resumed.headers.get("location")).not.toContain("code=");
});

test("what is carried is sealed, and bears its time", async () => {
  const clock = createTestClock(1000);
  const carried = createCarriedSignIn({ now: clock.now });
  const text = await carried.seal({ jti: "a", session: { cookie: "secret" } } as never, 1010);
  expect(Buffer.from(text.replaceAll(".", ""), "base64url").toString()).not.toContain("secret");
  expect((await carried.open(text))?.payload).toEqual({ jti: "a", session: { cookie: "secret" } });
  expect(await createCarriedSignIn({ now: clock.now }).open(text)).toBeUndefined();
  clock.advance(10);
  expect(await carried.open(text)).toBeUndefined();
});
