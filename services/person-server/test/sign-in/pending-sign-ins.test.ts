/** Sign-ins in progress: one browser's, for a while, and once. */
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type LyingProvider, startLyingProvider } from "../support/lying-provider.ts";
import { beginSignIn, OWN_ORIGIN, pageOf, relyingParty, TestBrowser } from "../support/relying-party.ts";

let provider: LyingProvider;
let app: FastifyInstance;
let browser: TestBrowser;
let clock: number;

beforeEach(async () => {
  clock = Date.now() / 1000;
  provider = await startLyingProvider();
  app = await relyingParty({ issuer: new URL(provider.issuer), now: () => clock });
  browser = new TestBrowser(app);
});

afterEach(async () => {
  await app.close();
  await provider.stop();
});

test("U3: accepts a response once", async () => {
  const callback = await beginSignIn(browser);
  const begun = new Map(browser.cookies);
  await browser.open(callback);
  for (const cookies of [browser.cookies, begun]) {
    for (const [name, value] of cookies) browser.cookies.set(name, value);
    expect(await pageOf(await browser.open(callback))).toMatchObject({
      status: 400,
      code: "sign_in_unknown",
    });
  }
});

test("U3: a response comes within 15 minutes, however long the browser keeps the cookie", async () => {
  const [late, later] = [await beginSignIn(browser), await beginSignIn(browser)];
  clock += 899;
  expect((await browser.open(late)).status).toBe(303);
  clock += 1;
  expect(await pageOf(await browser.open(later))).toMatchObject({ status: 400, code: "sign_in_unknown" });
});

test("U3: a code that is replayed in another sign-in is refused", async () => {
  const used = new URL(await beginSignIn(browser), OWN_ORIGIN).searchParams.get("code") ?? "";
  const replayed = new URL(await beginSignIn(browser), OWN_ORIGIN);
  replayed.searchParams.set("code", used);
  expect(await pageOf(await browser.open(replayed.href))).toMatchObject({
    status: 502,
    code: "provider_invalid",
  });
  expect(await browser.isSignedIn()).toBe(false);
});

test.each(["", "state=", "state=forged", "state=a&state=b"])(
  "U4: a state that no request had is refused: %j",
  async (query) => {
    await beginSignIn(browser);
    const response = await browser.open(`/sign-in/callback?code=x&${query}`);
    expect(await pageOf(response)).toMatchObject({
      status: 400,
      code: "sign_in_unknown",
      link: ["/public", "Try again"],
    });
  },
);

test("U4: the cookie of one sign-in does for no other", async () => {
  const callback = await beginSignIn(browser);
  const [[name, value] = ["", ""]] = browser.cookies;
  browser.cookies.delete(name);
  const victims = await beginSignIn(browser);
  const [[other = ""] = []] = browser.cookies;
  browser.cookies.set(other, value);
  expect(await pageOf(await browser.open(victims))).toMatchObject({ status: 400, code: "sign_in_unknown" });
  browser.cookies.set(
    name,
    value.replace(/.$/, (last) => (last === "A" ? "Q" : "A")),
  );
  expect(await pageOf(await browser.open(callback))).toMatchObject({
    status: 400,
    code: "sign_in_unknown",
  });
  expect(await browser.isSignedIn()).toBe(false);
});

test("U4: a response opened in another browser signs no user in there", async () => {
  const callback = await beginSignIn(browser);
  const victim = new TestBrowser(app);
  await beginSignIn(victim);
  expect(await pageOf(await victim.open(callback))).toMatchObject({ status: 400, code: "sign_in_unknown" });
  expect(await victim.isSignedIn()).toBe(false);
  await browser.open(callback);
  expect(await browser.isSignedIn()).toBe(true);
});

test("callers that begin unlimited sign-ins do not end those of others", async () => {
  const oldest = await beginSignIn(browser);
  for (let index = 0; index < 2_000; index += 1) await app.inject("/who");
  await browser.open(oldest);
  expect(await browser.isSignedIn()).toBe(true);
});

test("U12: a browser that begins sign-ins without end carries the newest eight", async () => {
  const oldest = await beginSignIn(browser);
  for (let index = 0; index < 8; index += 1) await beginSignIn(browser);
  const newest = await beginSignIn(browser);
  expect(browser.cookies.size).toBe(8);
  expect(await pageOf(await browser.open(oldest))).toMatchObject({ code: "sign_in_unknown" });
  expect((await browser.open(newest)).status).toBe(303);
});
