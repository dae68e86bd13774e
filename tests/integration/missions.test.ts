/** Mode mission: one approval for both hops, a budget for orders, and an end that stops both. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installLocalhostLookup } from "agent-kit/service";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { User } from "../contract/auth-server/journey.ts";
import { type ApiUser, signIn, WITH_MARKET_ANALYSIS } from "../support/optimization-run.ts";
import { approvedOrder, orderEnd, startOrder } from "../support/order-run.ts";
import { decideAtPages, endMissionAtPage, missionPage } from "../support/person-run.ts";
import { LOG_WAIT, startStack, type TestStack, type TestStackOptions } from "../support/start-stack.ts";

installLocalhostLookup();
vi.setConfig({ testTimeout: 180_000 });

let stack: TestStack;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "missions-"));
});
afterEach(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true });
});

const MODE = { profile: "draft-11", mode: "mission" } as const;

async function started(options: TestStackOptions = {}): Promise<ApiUser> {
  stack = await startStack({ ...options, modes: MODE });
  return signIn(stack);
}

const placed = (model: string, quantity: number) => approvedOrder(stack, { model, quantity });

const TERMINATED = { hop: "person-server", check: "policy", code: "mission_terminated" };
/** In the order in which they start. The backend resumes at once what waits. */
const MISSION_AGENTS = ["person-server", "market-analysis-agent", "supply-chain-agent", "backend"];

test("one approval covers runs and orders within the budget; its end stops both hops", async () => {
  const user = await started();
  const { end, visits } = await decideAtPages(user, await user.run());
  expect(end.status).toBe("completed");
  expect(visits).toHaveLength(1);
  expect(visits[0]!.text).toContain("Optimize the laptop supply chain");

  expect(await placed("MacBook Pro", 6)).toMatchObject({ status: "placed", total: 15_000 });
  const reason = "the mission's budget is 20000 USD, and this would bring it to 22500 USD";
  const beyond = await orderEnd(await startOrder(stack, { model: "MacBook Pro", quantity: 3 }));
  expect(beyond).toMatchObject({
    status: "failed",
    failure: { hop: "person-server", code: "permission_denied", message: expect.stringContaining(reason) },
  });
  expect(await placed("MacBook Pro", 2)).toMatchObject({ status: "placed" });

  const person = new User();
  const { text } = await missionPage(stack, person);
  for (const part of [
    "<strong>20000 of 20000 USD</strong>",
    "The agent asked to act at market-analysis-agent.localhost",
    "place_order, model: MacBook Pro, quantity: 6, total: 15000",
    `<strong>Refused</strong> by your person server`,
    "The agent reports what it did:",
  ])
    expect(text).toContain(part);

  await endMissionAtPage(stack, person);
  const after = await decideAtPages(user, await user.run());
  expect(after).toMatchObject({ end: { status: "failed", failure: TERMINATED }, visits: [] });
  // The next start proposes another mission.
  expect(await decideAtPages(user, await user.run())).toMatchObject({
    end: { status: "completed" },
    visits: [{ text: expect.stringContaining("Start this mission") }],
  });
});

test("ended between the hops, the second one is refused", async () => {
  const env = { "person-server": { PERSON_SERVER_CONSENT_SCOPES: "market-analysis:analyze" } };
  const user = await started({ env });
  const person = new User();
  let visits = 0;
  const { end } = await decideAtPages(user, await user.run(), undefined, person, async (page) => {
    visits += 1;
    if (visits === 2) await endMissionAtPage(stack, person);
    return page;
  });
  // The first hop no longer takes the token with which its answer is fetched.
  expect(end).toMatchObject({ status: "failed", failure: { code: "token_revoked" } });
  await vi.waitFor(() => expect(stack.log()).toMatch(/Market analysis: .* code=revoked/), LOG_WAIT);
});

test("kill -9 of each process: the proposal waits on, and mission, budget and end remain", async () => {
  const kept = (name: string) => ({
    AAUTH_STORE: `sqlite:${folder}/data`,
    AAUTH_KEYS: `${folder}/keys/${name}`,
  });
  const user = await started({
    processes: MISSION_AGENTS,
    env: Object.fromEntries(MISSION_AGENTS.map((name) => [name, kept(name)])),
  });
  const allAgain = async () => {
    for (const name of MISSION_AGENTS) await stack.kill(name);
    for (const name of MISSION_AGENTS) await stack.startAgain(name);
  };
  const run = await user.run();
  expect(run.status).toBe("awaiting_consent");
  await allAgain();
  const { end, visits } = await decideAtPages(user, run);
  expect([end.status, visits.length]).toEqual(["completed", 1]);

  expect(await placed("MacBook Pro", 6)).toMatchObject({ status: "placed" });
  await allAgain();
  expect(await decideAtPages(user, await user.run())).toMatchObject({
    end: { status: "completed" },
    visits: [],
  });
  const beyond = await orderEnd(await startOrder(stack, { model: "MacBook Pro", quantity: 3 }));
  expect(beyond.failure?.code).toBe("permission_denied");

  await endMissionAtPage(stack, new User());
  await allAgain();
  expect((await user.run(WITH_MARKET_ANALYSIS)).failure).toMatchObject(TERMINATED);
});
