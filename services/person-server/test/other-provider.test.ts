/**
 * Whole calls of agents whose persons sign in at a provider that is not Keycloak: pairwise
 * subjects, no names, no end-session endpoint.
 */

import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../scripts/demo/free-ports.ts";
import { type Browser, createBrowser, readForm } from "../../auth-server/test/support/browser.ts";
import { createSignIn } from "../src/sign-in/sign-in.ts";
import { OTHER_CLIENT, startOtherProvider } from "./support/other-provider.ts";
import { startListening } from "./support/person-server.ts";
import {
  ACCESS_SERVER,
  createWorld,
  MARKET_ANALYSIS,
  openInteraction,
  press,
  pressing,
  SUPPLY_CHAIN,
  shownAt,
  type World,
  type WorldOptions,
} from "./support/world.ts";

const DATA = `${SUPPLY_CHAIN}/data`;

/** A world whose persons sign in at the provider; each login is a person. */
async function otherWorld({ env, ...options }: WorldOptions = {}, owner = "nobody") {
  const port = String(await freePort());
  const redirectUri = `http://localhost:${port}/sign-in/callback`;
  const provider = await startOtherProvider({ redirectUri });
  onTestFinished(() => provider.stop());
  const world = await createWorld({
    ...options,
    env: {
      ...env,
      PERSON_SERVER_PORT: port,
      PERSON_SERVER_OIDC_ISSUER: provider.issuer,
      PERSON_SERVER_OIDC_CLIENT_ID: OTHER_CLIENT.clientId,
      PERSON_SERVER_OIDC_CLIENT_SECRET: OTHER_CLIENT.clientSecret,
      PERSON_SERVER_OIDC_SCOPES: "openid",
      ...(options.accessServer && { ACCESS_SERVER_OWNERS: provider.subjectOf(owner) }),
    },
    startServer: (variables) => startListening({ env: variables, signIn: createSignIn }),
  });
  return { provider, world };
}

/** Follows all redirects, to any origin. */
async function arrive(browser: Browser, from: string, first: Response) {
  let shown = await browser.follow(from, first);
  while (shown.response.headers.has("location"))
    shown = await browser.follow(shown.url, await browser.get(shown.url));
  return { text: await shown.response.text(), url: shown.url };
}

async function browserOf(world: World, login: string, path = "/granted") {
  const browser = createBrowser();
  const form = await arrive(browser, world.page(path), await browser.get(world.page(path)));
  const { action, fields } = readForm(form.text);
  const target = new URL(action, form.url).href;
  const sent = await browser.post(target, { ...fields, login, password: "any" });
  return { browser, page: await arrive(browser, target, sent) };
}

test("a person signs in, is asked, asks back, allows both hops, and revokes", async () => {
  const { provider, world } = await otherWorld({ chains: true });
  const { browser, page } = await browserOf(world, "alice");
  expect(page.url).toBe(world.page("/granted"));
  expect(page.text).toContain(provider.subjectOf("alice"));
  const questions: string[] = [];
  const decide = async (address: string) => {
    const shown = await openInteraction(world, browser, address);
    const asked = await press(browser, shown, "ask", { question: "When?" });
    await press(browser, await arrive(browser, shown.url, asked), "accept");
  };
  const decided: Promise<void>[] = [];
  const agent = world.agent();
  const answer = await agent.fetchFor({
    // The agent answers while the person waits at the page.
    onInteraction: ({ page: address }) => void decided.push(decide(address)),
    async onClarification({ question }) {
      questions.push(question);
      return { action: "respond", response: "In March" };
    },
  })(DATA);
  await Promise.all(decided);
  expect(await answer.json()).toMatchObject({ below: { from: MARKET_ANALYSIS } });
  expect(new Set(questions)).toEqual(new Set(["When?"]));

  const granted = await shownAt(browser, world.page("/granted"));
  expect((await press(browser, granted, "revoke")).status).toBe(200);
  await expect(agent.fetchFor()(DATA)).rejects.toMatchObject({ oauthError: "user_unreachable" });
});

test("two persons of one provider have separate grants", async () => {
  const { world } = await otherWorld();
  const { browser: alice } = await browserOf(world, "alice");
  const { context } = pressing(world, alice);
  expect((await world.agent().fetchFor(context)(DATA)).status).toBe(200);
  const { page } = await browserOf(world, "bob");
  expect(page.text).toContain("You have not granted any agent access.");
});

test("federated: an owner, known by the subject, sees the access server's tokens", async () => {
  const { world } = await otherWorld({ accessServer: ACCESS_SERVER }, "owner");
  const { browser: alice } = await browserOf(world, "alice");
  const { context } = pressing(world, alice);
  expect((await world.agent().fetchFor(context)(DATA)).status).toBe(200);
  expect((await browserOf(world, "owner", "/access/granted")).page.text).toContain(SUPPLY_CHAIN);
  expect((await browserOf(world, "alice", "/access/granted")).page.text).toContain("This page is for owners");
});
