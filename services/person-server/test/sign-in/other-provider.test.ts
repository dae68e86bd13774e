import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OTHER_CLIENT, type OtherProvider, startOtherProvider } from "../support/other-provider.ts";
import { OWN_ORIGIN, relyingParty, shown, TestBrowser } from "../support/relying-party.ts";

let provider: OtherProvider;
let app: FastifyInstance;

beforeAll(async () => {
  provider = await startOtherProvider({ redirectUri: `${OWN_ORIGIN}/sign-in/callback` });
  app = await relyingParty({ issuer: new URL(provider.issuer), ...OTHER_CLIENT });
});

afterAll(async () => {
  await app.close();
  await provider.stop();
});

async function signIn(browser: TestBrowser, login: string) {
  const form = await browser.follow("/who");
  const action = /<form[^>]* action="([^"]+)"/.exec(await form.response.text())?.[1] ?? "";
  const target = new URL(action, form.url).href;
  const { response, url } = await browser.follow(target, { prompt: "login", login, password: "any" });
  return { session: await shown(response), url };
}

test("a person signs in at a provider that issues neither name nor address", async () => {
  const { session, url } = await signIn(new TestBrowser(app), "alice");
  const subject = provider.subjectOf("alice");
  expect(url).toBe(`${OWN_ORIGIN}/who`);
  expect(session.person).toEqual({
    id: expect.stringMatching(/^[\w-]{43}$/),
    issuer: provider.issuer,
    subject,
    name: subject,
  });
});

test("keys rotated between two sign-ins are found", async () => {
  const { session } = await signIn(new TestBrowser(app), "alice");
  provider.rotateKeys();
  const { session: again } = await signIn(new TestBrowser(app), "alice");
  expect(again.person).toEqual(session.person);
  expect(again.id).not.toBe(session.id);
});

test("a sign-out ends the session here, and reports that the provider's own continues", async () => {
  const browser = new TestBrowser(app);
  await signIn(browser, "bob");
  const page = await shown(await browser.open("/sign-in/sign-out", {}));
  expect(page.text).toContain(`Your session at ${new URL(provider.issuer).host} may continue`);
  expect(await shown(await browser.open("/public"))).toEqual({});
  // The provider signs the same person in without a form.
  const { response } = await browser.follow("/who");
  expect((await shown(response)).person?.subject).toBe(provider.subjectOf("bob"));
});

test("a wrong client secret ends in a page", async () => {
  const wrong = await relyingParty({
    issuer: new URL(provider.issuer),
    clientId: OTHER_CLIENT.clientId,
    clientSecret: "wrong",
  });
  const { session } = await signIn(new TestBrowser(wrong), "alice");
  expect(session.code).toBe("sign_in_refused");
  await wrong.close();
});
