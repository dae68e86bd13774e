/**
 * An agent and resources on sockets, and the person at the pages: whole calls against the auth
 * server.
 */

import { expect, test } from "vitest";
import {
  ACCESS_SERVER,
  AGENT,
  BACKEND,
  browserOf,
  createWorld,
  MARKET_ANALYSIS,
  openInteraction,
  press,
  pressing,
  SCOPE,
  STRANGE,
  SUPPLY_CHAIN,
  sendWith,
  shownAt,
} from "./support/world.ts";

const hostOf = (id: string) => new URL(id).host;
const DATA = `${SUPPLY_CHAIN}/data`;

test("person server: the person agrees to the scope on the page, once", async () => {
  const world = await createWorld();
  const browser = await browserOf(world);
  const { context, pages } = pressing(world, browser);
  const agent = world.agent();
  const policy = "What follows without a question";
  expect((await agent.fetchFor({ ...context, justification: "To plan" })(DATA)).status).toBe(200);
  expect(pages).toHaveLength(2);
  expect(pages[1]).toContain(SCOPE);
  // The description stands below the name of the party whose words it is.
  expect(pages[1]!.split(`In the words of <code>${SUPPLY_CHAIN}</code>:`)[1]).toMatch(
    /^<\/span>\n<ul class="scopes" aria-labelledby="permissions">\n<li>Words of the resource for supply-chain:optimize</,
  );
  expect(pages[1]).toContain("To plan");
  // Only the first page assigns the agent to the person.
  expect(pages.map((page) => page.includes(policy))).toEqual([true, false]);
  for (const part of [hostOf(SUPPLY_CHAIN), hostOf(MARKET_ANALYSIS), "Until you revoke it", SCOPE])
    expect(pages[0]?.split(policy)[1]).toContain(part);
  expect((await world.agent().fetchFor()(DATA)).status).toBe(200);
});

test("S6: a resource that learned only the person's identity acts for them once they allow it", async () => {
  const world = await createWorld();
  const { context, pages } = pressing(world, await browserOf(world));
  await world.agent().fetchFor(context)(`${SUPPLY_CHAIN}/caller`);
  const { token: upstreamToken } = world.callers[0]!;
  const intermediary = world.agent("aauth:Service@supply-chain-agent.localhost", {
    key: world.keys[SUPPLY_CHAIN]!,
  });
  const unasked = intermediary.fetchFor({ upstreamToken })(`${MARKET_ANALYSIS}/data`);
  await expect(unasked).rejects.toMatchObject({ oauthError: "user_unreachable" });
  expect(world.served).toEqual([]);

  const asking = { ...context, upstreamToken };
  expect((await intermediary.fetchFor(asking)(`${MARKET_ANALYSIS}/data`)).status).toBe(200);
  expect(pages).toHaveLength(2);
  const page = pages[1]!;
  expect(page).toContain(`Called by an agent of yours</dt>\n<dd><code>${AGENT}</code>`);
  expect(page).toContain(`So far, <code>${SUPPLY_CHAIN}</code> knows you but may not act for you.`);
  // The person server remembers.
  expect((await intermediary.fetchFor({ upstreamToken })(`${MARKET_ANALYSIS}/data`)).status).toBe(200);
});

test("S41: a resource that only knows the person is served nowhere in their name, by no policy", async () => {
  const world = await createWorld({ level: "person-token" });
  const { context, pages } = pressing(world, await browserOf(world));
  await world.agent().fetchFor(context)(`${STRANGE}/caller`);
  const { token: upstreamToken } = world.callers[0]!;
  const key = world.keys[STRANGE]!;
  const introduced = world.agent("aauth:Service@strange.localhost", { key });
  for (const resource of [SUPPLY_CHAIN, MARKET_ANALYSIS]) {
    const call = introduced.fetchFor({ upstreamToken })(`${resource}/data`);
    await expect(call).rejects.toMatchObject({ oauthError: "user_unreachable" });
  }
  expect([world.served, pages.length]).toEqual([[], 1]);
  // The page of the call names the agent, its caller and the resource.
  const asking = introduced.fetchFor({ ...context, upstreamToken });
  expect((await asking(`${MARKET_ANALYSIS}/data`)).status).toBe(200);
  expect(pages[1]).toContain(
    "<h1>Let strange.localhost act for you at “Name of market-analysis-agent.localhost”?</h1>",
  );
  expect(pages[1]).toContain(`Called by an agent of yours</dt>\n<dd><code>${AGENT}</code>`);
  expect(pages[1]).toContain(`whenever <code>${AGENT}</code> calls it`);
  // Consent to one resource is not consent to the other.
  const other = introduced.fetchFor({ upstreamToken })(`${SUPPLY_CHAIN}/data`);
  await expect(other).rejects.toMatchObject({ oauthError: "user_unreachable" });
});

test.each(["person-token", "auth-token"] as const)(
  "the first page names the second hop and its caller, and no other is shown: %s",
  async (level) => {
    const env = { PERSON_SERVER_CONSENT_SCOPES: "" };
    const world = await createWorld({ chains: true, level, env });
    const { context, pages } = pressing(world, await browserOf(world));
    expect((await world.agent().fetchFor(context)(DATA)).status).toBe(200);
    expect(world.served).toEqual([SUPPLY_CHAIN, MARKET_ANALYSIS]);
    expect(pages).toHaveLength(1);
    expect(pages[0]).toContain(
      `When it calls ${hostOf(SUPPLY_CHAIN)}, that agent may do the same at ${hostOf(MARKET_ANALYSIS)}.`,
    );
  },
);

test("federated: the access server grants access on the operator's list, and only learns of its own resources", async () => {
  const env = { PERSON_SERVER_ALLOWED_SCOPES: "market-analysis:analyze" };
  const world = await createWorld({ accessServer: ACCESS_SERVER, env });
  const { context, pages } = pressing(world, await browserOf(world));
  await expect(world.agent().fetchFor(context)(DATA)).rejects.toMatchObject({ oauthError: "denied" });
  expect(pages).toHaveLength(1);
  await expect(world.agent().fetchFor(context)(`${STRANGE}/data`)).rejects.toMatchObject({
    oauthError: "denied",
  });
  expect((await world.agent().fetchFor(context)(`${MARKET_ANALYSIS}/data`)).status).toBe(200);
  expect(world.served).toEqual([MARKET_ANALYSIS]);
});

test("a resource that the operator does not know is the person's to decide on, whatever it asks for", async () => {
  const world = await createWorld();
  const { context, pages } = pressing(world, await browserOf(world));
  const agent = world.agent();
  expect((await agent.fetchFor(context)(`${MARKET_ANALYSIS}/data`)).status).toBe(200);
  expect(pages).toHaveLength(1);
  expect((await agent.fetchFor(context)(`${STRANGE}/data`)).status).toBe(200);
  expect(pages).toHaveLength(3);
});

test("deny: the agent receives the denial and no token", async () => {
  const world = await createWorld();
  const { context, answers } = pressing(world, await browserOf(world), "cancel");
  await expect(world.agent().fetchFor(context)(DATA)).rejects.toMatchObject({
    oauthError: "denied",
    httpStatus: 403,
  });
  expect(answers[0]!.status).toBe(200);
  expect(world.served).toEqual([]);
});

test("revoke: one click on the page, and every hop refuses within a second", async () => {
  const world = await createWorld({ chains: true });
  const browser = await browserOf(world);
  const { context } = pressing(world, browser);
  const agent = world.agent();
  expect((await agent.fetchFor(context)(DATA)).status).toBe(200);
  const served = world.served.length;

  const granted = await shownAt(browser, world.page("/granted"));
  for (const part of [AGENT, "aauth:Service@supply-chain-agent.localhost", SCOPE, MARKET_ANALYSIS])
    expect(granted.text).toContain(part);
  const startedAt = performance.now();
  const done = await (await press(browser, granted, "revoke")).text();
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect(done).toContain(
    `${AGENT} can no longer act for you. This also ended: aauth:Service@supply-chain-agent.localhost at ${MARKET_ANALYSIS}.`,
  );
  expect(done).toContain("You have not granted any agent access.");

  // The tokens themselves, in new signed requests at both hops.
  for (const [resource, holder] of [
    [SUPPLY_CHAIN, BACKEND],
    [MARKET_ANALYSIS, SUPPLY_CHAIN],
  ] as const) {
    const key = world.keys[holder]!;
    const refused = await sendWith(world, `${resource}/data`, world.shown.get(resource)!, { key });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("signature-error")).toContain("revoked_jwt");
  }
  // The agent itself needs its person again.
  await expect(agent.fetchFor()(DATA)).rejects.toThrow();
  expect(world.served).toHaveLength(served);
  expect((await agent.fetchFor(context)(DATA)).status).toBe(200);
});

test("clarification: the person asks on the page, and reads the answer there", async () => {
  const world = await createWorld();
  const browser = await browserOf(world);
  const questions: string[] = [];
  const texts: string[] = [];
  const person = async (page: string) => {
    const shown = await openInteraction(world, browser, page);
    const asked = await press(browser, shown, "ask", { question: "Which dates?" });
    const next = await browser.follow(shown.url, asked);
    texts.push(await next.response.text());
    await press(browser, { text: texts.at(-1)!, url: next.url }, "accept");
  };
  const decided: Promise<void>[] = [];
  const answer = await world.agent().fetchFor({
    onInteraction: ({ page }) => void decided.push(person(page)),
    async onClarification({ question }) {
      questions.push(question);
      return { action: "respond", response: "In <b>March</b>" };
    },
  })(DATA);
  await Promise.all(decided);
  expect(answer.status).toBe(200);
  expect(questions).toEqual(["Which dates?", "Which dates?"]);
  expect(texts[0]).toContain("Which dates?");
  expect(texts[0]).toContain("In &#60;b&#62;March&#60;/b&#62;");
});
