/** Missions at the person's pages: approval with a budget, the log, pause, end and download. */

import { explainRecorded, KNOWN_PROFILES, readInput } from "aauth-explain";
import { expect, test } from "vitest";
import { SECOND_USER } from "./support/test-sign-in.ts";
import {
  AGENT,
  browserOf,
  createWorld,
  MARKET_ANALYSIS,
  openInteraction,
  press,
  pressing,
  SUPPLY_CHAIN,
  shownAt,
} from "./support/world.ts";

const PROPOSAL = {
  description: "Optimize the **laptop** supply chain.\n\nBudget: 20000 USD",
  tools: [{ name: "optimize", description: "Reads the stock." }],
  resources: [SUPPLY_CHAIN, MARKET_ANALYSIS],
};
const FIELDS = { budget: "6000", end: "3600" };
/** A downloaded mission, as far as the tests change it. */
interface Exported {
  log: { type: string; request?: { kind: string }; signed?: { body: string } }[];
}

const order = (total: unknown) => ({ action: "place_order", parameters: { model: "Air", total } });

async function approvedMission(fields: Record<string, string> = FIELDS) {
  const env = { PERSON_SERVER_MISSIONS: "true", PERSON_SERVER_CONSENT_SCOPES: "" };
  const world = await createWorld({ chains: true, env });
  const browser = await browserOf(world);
  const person = pressing(world, browser, "accept", fields);
  const agent = world.agent();
  const mission = await agent.proposeMission({ ...PROPOSAL, ...person.context });
  const url = world.page(`/missions/${mission.id}`);
  return { world, browser, agent, mission, url, ...person };
}

test("one approval with a budget and an end covers both hops", async () => {
  const before = Math.floor(Date.now() / 1000);
  const { world, agent, mission, pages, url, browser } = await approvedMission();
  for (const part of ["Start this mission with “A provider”?", "Optimize the **laptop** supply chain."])
    expect(pages[0]).toContain(part);
  expect(pages[0]).toContain('name="budget" type="number" min="0" max="999999999" step="1" value="20000"');
  expect(pages[0]).toContain("Reads the stock.<code>optimize</code>");
  expect(mission.mission).toMatchObject({
    description: "Optimize the **laptop** supply chain.\n\nBudget: 6000 USD",
    approved_tools: PROPOSAL.tools,
    approved_resources: PROPOSAL.resources,
  });
  const end = Date.parse(String(mission.mission.expires_at)) / 1000;
  expect(end - before - 3600).toBeLessThan(60);
  expect((await agent.fetchFor({ mission: mission.id })(`${SUPPLY_CHAIN}/data`)).status).toBe(200);
  expect(world.served).toEqual([SUPPLY_CHAIN, MARKET_ANALYSIS]);
  expect(pages).toHaveLength(1);
  const { text } = await shownAt(browser, url);
  expect(text).toContain("You approved the mission.");
  expect(text).toContain(
    "The agent asked to act at market-analysis-agent.localhost: market-analysis:analyze.",
  );
  expect(text).toContain("<strong>Granted</strong> by your person server");
});

test("W15: a permission beyond the budget is refused, and counts no more", async () => {
  const { mission, url, browser, context } = await approvedMission();
  expect(await mission.ask(order(4000))).toEqual({ isGranted: true, reason: undefined });
  const reason = "the mission's budget is 6000 USD, and this would bring it to 6500 USD";
  expect(await mission.ask(order(2500))).toEqual({ isGranted: false, reason });
  expect(await mission.ask(order(2000))).toMatchObject({ isGranted: true });
  const { text } = await shownAt(browser, url);
  expect(text).toContain("<strong>6000 of 6000 USD</strong>");
  expect(text).toContain("place_order, model: Air, total: 2500");
  // A sum that cannot be counted is the person's to judge.
  for (const total of [-1, "10", undefined])
    expect(await mission.ask(order(total), context)).toMatchObject({ isGranted: true });
});

test.each([
  { ...FIELDS, budget: "" },
  { ...FIELDS, budget: "-5" },
  { ...FIELDS, budget: "1e3" },
  { ...FIELDS, end: "1" },
])("a form with %j approves nothing and is shown again", async (fields) => {
  const env = { PERSON_SERVER_MISSIONS: "true" };
  const world = await createWorld({ env });
  const browser = await browserOf(world);
  const tried: Response[] = [];
  const mission = await world.agent().proposeMission({
    ...PROPOSAL,
    async onInteraction({ page }) {
      const shown = await openInteraction(world, browser, page);
      tried.push(await press(browser, shown, "accept", fields));
      const again = { text: await tried[0]!.text(), url: shown.url };
      expect(again.text).toContain("Choose a budget and an end.");
      await press(browser, again, "accept", FIELDS);
    },
  });
  expect(tried[0]!.status).toBe(200);
  expect(mission.mission.description).toContain("Budget: 6000 USD");
});

test("paused, each request asks the person; ended, both hops are refused", async () => {
  const { world, agent, mission, browser, url, pages, context } = await approvedMission();
  const call = agent.fetchFor({ ...context, mission: mission.id });
  await call(`${SUPPLY_CHAIN}/data`);
  await press(browser, await shownAt(browser, url), "pause");
  expect((await shownAt(browser, url)).text).toContain("It is paused.");
  await mission.ask(order(10), context);
  expect(pages[1]).toContain("Let “A provider” do this once?");
  expect(pages[1]).toContain("place_order, model: Air, total: 10");
  await press(browser, await shownAt(browser, url), "continue");
  await press(browser, await shownAt(browser, url), "end");
  const { text } = await shownAt(browser, url);
  expect(text).toContain("It has ended: revoked");
  expect(text).not.toContain(`action="/missions/`);
  world.served.length = 0;
  await expect(mission.ask(order(1))).rejects.toMatchObject({ oauthError: "mission_terminated" });
  await expect(call(`${SUPPLY_CHAIN}/data`)).rejects.toMatchObject({ code: "mission_terminated" });
  expect(world.served).toEqual([]);
});

test("the agent changes, reports and completes with the person's consent", async () => {
  const { mission, browser, url, pages, context } = await approvedMission();
  await mission.update("Also look at <b>tablets</b>.", context);
  expect(pages[1]).toContain("Also look at &#60;b&#62;tablets&#60;/b&#62;.");
  await mission.record({ ...order(4000), result: { order_id: "o-1" } });
  await mission.complete("Two orders placed.", context);
  expect(pages[2]).toContain("says that the mission is complete");
  const { text } = await shownAt(browser, url);
  for (const part of ["place_order, model: Air, total: 4000, order_id: o-1", "It has ended: completed"])
    expect(text).toContain(part);
  expect((await shownAt(browser, url.replace(/missions.*/, "granted"))).text).toContain(
    `<a href="/missions/${mission.id}">Optimize the **laptop** supply chain.</a>`,
  );
});

test("a mission exists for its person only, on each of its pages", async () => {
  const { world, url } = await approvedMission();
  const other = await browserOf(world, SECOND_USER);
  for (const path of ["", "/log", "/export"]) {
    const { status, text } = await shownAt(other, url + path);
    expect([status, text]).toEqual([404, expect.stringContaining("Mission not found")]);
    expect(text).not.toContain(AGENT);
    expect(text).toBe((await shownAt(other, world.page(`/missions/absent${path}`))).text);
  }
});

/** A downloaded mission whose agent has called, asked, recorded and changed. */
async function downloaded() {
  const { agent, mission, browser, url, context } = await approvedMission();
  await agent.fetchFor({ mission: mission.id })(`${SUPPLY_CHAIN}/data`);
  await mission.ask(order(4000));
  await mission.record({ ...order(4000), description: "Ordered.", result: { order_id: "o-1" } });
  await mission.update("Also tablets.", context);
  const { text } = await shownAt(browser, `${url}/export`);
  return async (change: (file: Exported) => unknown = () => {}) => {
    const file: Exported = JSON.parse(text);
    change(file);
    const messages = readInput(JSON.stringify(file));
    return Promise.all(
      messages.map(async (message) => (await explainRecorded(message, { profiles: KNOWN_PROFILES })).verdict),
    );
  };
}
const entryOf = ({ log }: Exported, type: string) => log.find((entry) => entry.type === type)!;

test("the download verifies itself by the keys in it", async () => {
  const verdicts = await downloaded();
  // Three requests of both hops for tokens, the permission, the record and the update.
  expect(await verdicts()).toEqual(Array(6).fill("accepted"));
  const forged = Buffer.from("{}").toString("base64url");
  const changed = await verdicts(({ log }) => {
    Object.assign(log.find(({ request }) => request?.kind === "auth-token")!.signed!, { body: forged });
  });
  expect(changed.filter((verdict) => verdict === "refused")).toHaveLength(1);
  expect(await verdicts((file) => Object.assign(file, { keys: {} }))).toEqual(Array(6).fill("undecided"));
});

test.each<[string, (file: Exported) => unknown]>([
  ["a missing entry", ({ log }) => log.splice(1, 1)],
  ["another order", ({ log }) => log.reverse()],
  ["another result", (file) => Object.assign(entryOf(file, "recorded"), { result: { order_id: "o-2" } })],
])("W18: a log with %s is damaged", async (_, change) => {
  await expect((await downloaded())(change)).rejects.toMatchObject({ code: "mission_damaged" });
});

test.each<[string, (file: Exported) => unknown]>([
  ["the mission", (file) => Object.assign(file, { mission: "e30" })],
  ["an update", (file) => Object.assign(entryOf(file, "updated"), { bytes: "e30" })],
])("W19: %s with another digest is damaged", async (_, change) => {
  await expect((await downloaded())(change)).rejects.toMatchObject({ code: "mission_damaged" });
});

test("W16: a mission ends only with the form of its own page", async () => {
  const { world, browser, url, mission } = await approvedMission();
  const granted = await shownAt(browser, world.page("/granted"));
  const [, code = ""] = /name="consent_code" value="([^"]+)"/.exec(granted.text) ?? [];
  expect((await browser.post(url, { consent_code: code, end: "yes" })).status).toBe(400);
  expect((await browser.post(url, { end: "yes" })).status).toBe(400);
  expect(await mission.ask(order(1))).toMatchObject({ isGranted: true });
});
