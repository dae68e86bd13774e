/** The access server's page: an owner of the resource decides and revokes. */

import { expect, test } from "vitest";
import { createBrowser } from "../../auth-server/test/support/browser.ts";
import { signIn } from "../../auth-server/test/support/sign-in.ts";
import { startListening } from "./support/person-server.ts";
import { MCP_USER, personNamed, SECOND_USER } from "./support/test-sign-in.ts";
import {
  ACCESS_SERVER,
  AGENT,
  BACKEND,
  browserOf,
  CALLBACK,
  createWorld,
  MARKET_ANALYSIS,
  openInteraction,
  PERSON_SERVER,
  press,
  pressing,
  SCOPE,
  SUPPLY_CHAIN,
  sendWith,
  shownAt,
  type World,
} from "./support/world.ts";

const DATA = `${SUPPLY_CHAIN}/data`;
const OWNED = { ACCESS_SERVER_OWNERS: `name:${SECOND_USER.username}`, ACCESS_SERVER_OWNER_SCOPES: SCOPE };

const ownerPage = (world: World, path: string) => `${world.url}/access${path}`;
const worldOf = (env: Record<string, string> = OWNED, over = {}) =>
  createWorld({ accessServer: ACCESS_SERVER, env, ...over });

async function ownerOf(world: World) {
  const browser = createBrowser();
  await signIn(browser, ownerPage(world, "/granted"), SECOND_USER);
  return browser;
}

/**
 * The person allows everything at their server's pages, and leaves pages of other servers
 * undecided. `tabs` are the same pages in other tabs, in their earlier state.
 */
async function untilOwner(world: World, context = {}) {
  const person = await browserOf(world);
  const atOwner = Promise.withResolvers<string>();
  const tabs: Awaited<ReturnType<typeof shownAt>>[] = [];
  const answer = world.agent().fetchFor({
    ...context,
    returnUrl: CALLBACK,
    async onInteraction(request) {
      if (request.url.startsWith(ACCESS_SERVER)) return atOwner.resolve(request.page);
      const shown = await openInteraction(world, person, request.page);
      tabs.push(await shownAt(person, shown.url));
      await press(person, shown, "accept");
    },
  })(DATA);
  answer.catch(() => {});
  return { person, answer, page: await atOwner.promise, tabs };
}

/** The request that waits on the owner's list. */
async function waitingAt(world: World, owner: Awaited<ReturnType<typeof ownerOf>>) {
  const list = await shownAt(owner, ownerPage(world, "/granted"));
  const [, path] = /href="(\/access\/requests\/[\w-]+)"/.exec(list.text) ?? [];
  return path === undefined ? undefined : shownAt(owner, new URL(path, world.url).href);
}

test("an owner grants on the list a request that the person has brought, and revokes it", async () => {
  const world = await worldOf();
  const { answer } = await untilOwner(world);
  const owner = await ownerOf(world);
  const page = (await waitingAt(world, owner))!;
  for (const part of [
    "<h1>Let “A provider” use your “Name of supply-chain-agent.localhost”?</h1>",
    AGENT,
    SUPPLY_CHAIN,
    SCOPE,
    PERSON_SERVER,
  ])
    expect(page.text).toContain(part);
  expect(page.text).not.toContain("does not act for anyone yet");
  expect(await (await press(owner, page, "accept")).text()).toContain("Request allowed");
  expect((await answer).status).toBe(200);
  expect(await waitingAt(world, owner)).toBeUndefined();

  const granted = await shownAt(owner, ownerPage(world, "/granted"));
  expect(granted.text).toContain(AGENT);
  const done = await (await press(owner, granted, "revoke")).text();
  expect(done).toContain(`The tokens of ${AGENT} are revoked.`);
  expect(done).toContain("No agent currently holds an auth token from this access server.");
  const refused = await sendWith(world, DATA, world.shown.get(SUPPLY_CHAIN)!, { key: world.keys[BACKEND]! });
  expect(refused.status).toBe(401);
  expect(refused.headers.get("signature-error")).toContain("revoked_jwt");
});

test("an owner with the code decides and returns to the agent", async () => {
  const world = await worldOf({ ...OWNED, ACCESS_SERVER_OWNERS: `name:${MCP_USER.username}` });
  const { answer, page, person } = await untilOwner(world);
  const shown = await openInteraction(world, person, page);
  const back = await press(person, shown, "accept");
  expect(back.headers.get("location")).toBe(world.map.browserUrl(CALLBACK));
  expect((await answer).status).toBe(200);
});

test("an owner denies: the agent hears it, with the code of the draft", async () => {
  const world = await worldOf();
  const { answer } = await untilOwner(world);
  const owner = await ownerOf(world);
  await press(owner, (await waitingAt(world, owner))!, "cancel");
  await expect(answer).rejects.toMatchObject({ oauthError: "denied", httpStatus: 403 });
  expect(world.served).toEqual([]);
});

test("an owner asks, the agent answers through its person server, and the answer is on the page", async () => {
  const world = await worldOf();
  const questions: string[] = [];
  const { answer } = await untilOwner(world, {
    async onClarification({ question }: { question: string }) {
      questions.push(question);
      return { action: "respond", response: "In <b>March</b>" };
    },
  });
  const owner = await ownerOf(world);
  const page = (await waitingAt(world, owner))!;
  await press(owner, page, "ask", { question: "Which dates?" });
  await expect
    .poll(async () => (await shownAt(owner, page.url)).text, { timeout: 10_000 })
    .toContain("In &#60;b&#62;March&#60;/b&#62;");
  expect(questions).toEqual(["Which dates?"]);
  // A page loaded before the answer cannot decide.
  const next = await shownAt(owner, page.url);
  expect((await press(owner, next, "accept")).status).toBe(200);
  expect((await answer).status).toBe(200);
});

test("T42: a person who is not an owner decides nothing: neither with the code, nor at the list, nor with an owner's form", async () => {
  const world = await worldOf();
  const { page, person } = await untilOwner(world);
  const brought = await openInteraction(world, person, page);
  expect(brought.status).toBe(403);
  expect(brought.text).toContain("An owner decides on this request");
  expect(brought.text).toContain(`href="${world.map.browserUrl(CALLBACK)}"`);
  expect(brought.text).not.toContain("consent_code");
  const list = await shownAt(person, ownerPage(world, "/granted"));
  expect([list.status, list.text.includes(AGENT)]).toEqual([403, false]);

  const owner = await ownerOf(world);
  const form = (await waitingAt(world, owner))!;
  for (const button of ["accept", "cancel"]) expect((await press(person, form, button)).status).toBe(400);
  // Each attempt has used up the form.
  expect((await press(owner, form, "accept")).status).toBe(400);
  expect(await waitingAt(world, owner)).toBeDefined();
  expect(world.served).toEqual([]);
});

test("a person who has brought a request can still return after an owner has asked a question", async () => {
  const world = await worldOf();
  const onClarification = async () => ({ action: "respond", response: "Soon" });
  const { page, person } = await untilOwner(world, { onClarification });
  const brought = await openInteraction(world, person, page);
  const owner = await ownerOf(world);
  await press(owner, (await waitingAt(world, owner))!, "ask", { question: "When?" });
  const again = await shownAt(person, brought.url);
  expect(again.status).toBe(403);
  expect(again.text).toContain(`href="${world.map.browserUrl(CALLBACK)}"`);
});

test("a user cannot see a request that they have not opened, and a guessed code opens nothing", async () => {
  const world = await worldOf();
  await untilOwner(world);
  const { url } = (await waitingAt(world, await ownerOf(world)))!;
  const other = await browserOf(world);
  const shown = await shownAt(other, url);
  expect([shown.status, shown.text.includes(SUPPLY_CHAIN)]).toEqual([404, false]);
  const guessed = await shownAt(other, ownerPage(world, "/interaction?code=ABCD-EFGH-JKMN"));
  expect([guessed.status, guessed.text.includes('name="accept"')]).toEqual([410, false]);
});

test("a person does not allow a request again while an owner decides", async () => {
  const world = await worldOf();
  const { answer, person, tabs } = await untilOwner(world);
  const tab = tabs.at(-1)!;
  expect((await shownAt(person, tab.url)).text).toContain("You have already answered");
  expect(await (await press(person, tab, "accept")).text()).toContain("You have already answered");
  const owner = await ownerOf(world);
  await press(owner, (await waitingAt(world, owner))!, "accept");
  expect((await answer).status).toBe(200);
});

test("T49: a person's denial in another tab ends an allowed request, its consent and the owner's part", async () => {
  const world = await worldOf();
  const { answer, person, tabs } = await untilOwner(world);
  const owner = await ownerOf(world);
  const page = (await waitingAt(world, owner))!;
  const tab = tabs.at(-1)!;
  const denied = await press(person, tab, "cancel");
  expect(denied.headers.get("location")).toContain("error=access_denied");
  await expect(answer).rejects.toMatchObject({ oauthError: "denied", httpStatus: 403 });
  expect(await waitingAt(world, owner)).toBeUndefined();
  expect(await (await press(owner, page, "accept")).text()).toContain("Request not found");
  expect((await shownAt(person, tab.url)).text).toContain("You have denied this request");
  // The person is asked again.
  const again = await untilOwner(world);
  expect(again.tabs).toHaveLength(1);
  expect(world.served).toEqual([]);
});

test("a form of the person server decides nothing at the access server", async () => {
  const world = await worldOf({ ...OWNED, ACCESS_SERVER_OWNERS: `name:${MCP_USER.username}` });
  await untilOwner(world);
  const browser = await browserOf(world);
  const mine = await shownAt(browser, world.page("/granted"));
  const consent_code = /name="consent_code" value="([^"]+)"/.exec(mine.text)![1]!;
  const fields = { consent_code, provider: BACKEND, agent: AGENT, revoke: "yes" };
  expect((await browser.post(ownerPage(world, "/granted"), fields)).status).toBe(400);
});

test("scopes that need no owner are granted at once, and without owners the page does not exist", async () => {
  const world = await worldOf();
  const { context } = pressing(world, await browserOf(world));
  expect((await world.agent().fetchFor(context)(`${MARKET_ANALYSIS}/data`)).status).toBe(200);
  const without = await worldOf({});
  expect((await fetch(ownerPage(without, "/granted"))).status).toBe(404);
});

test("an agent that cannot send its person to a page is refused, and leaves no pending request", async () => {
  const world = await worldOf(
    { ...OWNED, ACCESS_SERVER_OWNER_SCOPES: "market-analysis:analyze" },
    { chains: true },
  );
  const { context } = pressing(world, await browserOf(world));
  // This middle agent cannot reach its caller's person, so no request is left pending.
  const answer = await world.agent().fetchFor(context)(DATA);
  expect(answer.status).toBe(500);
  const owner = await ownerOf(world);
  expect(await waitingAt(world, owner)).toBeUndefined();
});

test("an owner may be named by the provider's `sub`, and no other person is one", async () => {
  const { subject } = personNamed(SECOND_USER.username);
  const world = await worldOf({ ...OWNED, ACCESS_SERVER_OWNERS: subject });
  expect((await shownAt(await ownerOf(world), ownerPage(world, "/granted"))).status).toBe(200);
  expect((await shownAt(await browserOf(world), ownerPage(world, "/granted"))).status).toBe(403);
});

test.each([
  [
    "the `sub` of an owner",
    personNamed(SECOND_USER.username).subject,
    personNamed(SECOND_USER.username).subject,
  ],
  ["an entry of the setting", OWNED.ACCESS_SERVER_OWNERS, OWNED.ACCESS_SERVER_OWNERS],
  ["an owner's name with a control character", "second-user\u202e", OWNED.ACCESS_SERVER_OWNERS],
])("U11: the user name %s makes no person an owner", async (_, username, owners) => {
  const world = await worldOf({ ...OWNED, ACCESS_SERVER_OWNERS: owners });
  const browser = createBrowser();
  await signIn(browser, world.page("/interaction"), { ...SECOND_USER, username });
  expect((await shownAt(browser, ownerPage(world, "/granted"))).status).toBe(403);
});

test.each([
  [{ ACCESS_SERVER_RESOURCES: "", ACCESS_SERVER_OWNERS: "someone" }, "ACCESS_SERVER_OWNERS"],
  [
    { ACCESS_SERVER_RESOURCES: SUPPLY_CHAIN, ACCESS_SERVER_OWNER_SCOPES: SCOPE },
    "ACCESS_SERVER_OWNER_SCOPES",
  ],
  [{ ...OWNED, ACCESS_SERVER_OWNER_SCOPES: 'say"so' }, "ACCESS_SERVER_OWNER_SCOPES"],
])("%j does not start", async (env, name) => {
  await expect(startListening({ env })).rejects.toThrow(name);
});
