/** Orders under a user's mission, and the mission that their agent proposes. */

import { AAuthAgentError, createMemoryStores, TokenRequestError, type WaitingCall } from "aauth";
import type { Agent, AgentMission, MissionControl } from "aauth/agent";
import { expect, test, vi } from "vitest";
import { createUserMissions, underMission } from "../../src/calls/missions.ts";
import type { StoredOrder } from "../../src/orders/order-attempt.ts";
import { recordOrder, refusedOrder } from "../../src/orders/permission.ts";

const NOW = 1_000_000;
const PS = "https://ps.localhost";
const CONTROL: MissionControl = {};
const PROPOSAL = { description: "Goal", resources: ["https://r.localhost"] };
const ENDED = new AAuthAgentError("mission_terminated", "the mission has ended");

/** A user's missions, with an agent that does what `answers` say. */
function missionsOf(answers: Partial<AgentMission> = {}, mission: Record<string, unknown> = {}) {
  const proposed: object[] = [];
  const given = (id: string) => ({ id, ...answers }) as AgentMission;
  const agent = {
    async proposeMission(input: object) {
      proposed.push(input);
      return { ...given(`m${proposed.length}`), mission };
    },
    mission: given,
  } as unknown as Agent;
  let now = NOW;
  const stores = createMemoryStores({ now: () => now });
  const missions = createUserMissions({ agentOf: () => agent, stores, proposal: PROPOSAL, now: () => now });
  const later = (seconds: number) => {
    now += seconds;
  };
  return { missions, proposed, later };
}

const STORED: StoredOrder = {
  id: "o",
  userId: "anna",
  returnState: "s",
  order: { order_id: "o", model: "Air", quantity: 2, status: "placing" },
  changedAt: NOW,
};

function ordering(isGranted: boolean, reason?: string) {
  const ask = vi.fn<AgentMission["ask"]>(async () => ({ isGranted, reason }));
  const record = vi.fn<AgentMission["record"]>(async () => {});
  const { missions } = missionsOf({ ask, record });
  let stored = STORED;
  const laptops = [{ model: "Air", vendor: "v", unitPrice: 1500 }];
  const context = {
    wire: { missions },
    client: { catalogue: async () => ({ level: "auth-token", laptops }) },
    orders: {
      async update(_id: string, change: (at: StoredOrder) => StoredOrder) {
        stored = change(stored);
        return stored;
      },
    },
  } as unknown as Parameters<typeof refusedOrder>[0];
  const how = { fetch, control: CONTROL };
  return { ask, record, context, refused: (order = stored) => refusedOrder(context, order, how) };
}

test("W17: an order that the mission does not cover is refused, with the reason", async () => {
  const { ask, refused } = ordering(false, "it is beyond the budget");
  expect(await refused()).toMatchObject({
    hop: "person-server",
    code: "permission_denied",
    message: "The order is not part of the mission: it is beyond the budget.",
  });
  const parameters = { model: "Air", quantity: 2, total: 3000 };
  expect(ask.mock.calls[0]![0]).toMatchObject({ action: "place_order", parameters });
});

test("a permission is asked for once, also for an order that is sent again, and what was done is recorded", async () => {
  const { ask, record, context, refused } = ordering(true);
  expect(await refused()).toBeUndefined();
  expect(await refused()).toBeUndefined();
  expect(ask).toHaveBeenCalledTimes(1);
  await recordOrder(context, STORED, { ...STORED.order, status: "placed", total: 3000 }, CONTROL);
  expect(record.mock.calls[0]![0]).toMatchObject({ result: { order_id: "o", status: "placed" } });
});

test("a mission is proposed once, and again after its end", async () => {
  const { missions, proposed, later } = missionsOf(
    {},
    { expires_at: new Date((NOW + 60) * 1000).toISOString() },
  );
  const begin = async () => (await missions.begin("anna", CONTROL, "run")).id;
  expect([await begin(), await begin()]).toEqual(["m1", "m1"]);
  expect(proposed).toEqual([{ ...PROPOSAL, loginHint: "anna", cacheKey: "run" }]);
  later(61);
  expect(await begin()).toBe("m2");
  for (const error of [ENDED, new TokenRequestError("mission_terminated", "ended", 403)])
    await expect(missions.during("anna", () => Promise.reject(error))).rejects.toBe(error);
  expect(await begin()).toBe("m3");
  await expect(missions.during("anna", () => Promise.reject(new Error("other")))).rejects.toThrow("other");
  expect(await begin()).toBe("m3");
});

test("a wait is continued by the request that it belongs to", async () => {
  const ask = vi.fn<AgentMission["ask"]>(async () => ({ isGranted: true, reason: undefined }));
  const { missions, proposed } = missionsOf({ ask });
  const resumed = { party: PS, call: { url: PS } } as WaitingCall;
  await missions.ask("anna", { action: "a" }, { resumed });
  expect(proposed[0]).toMatchObject({ resumed });
  expect(ask.mock.calls[0]![1]?.resumed).toBeUndefined();
  await missions.ask("anna", { action: "a" }, { resumed });
  expect(ask.mock.calls[1]![1]?.resumed).toBe(resumed);
});

test("each call and sub-agent of a user's agent is part of the mission", async () => {
  const contexts: unknown[] = [];
  const agent = {
    fetchFor(context: unknown) {
      contexts.push(context);
      return async () => new Response();
    },
    tokenForSubAgent: async (input: unknown) => contexts.push(input),
  } as unknown as Agent;
  const member = underMission(agent, async () => ({ id: "m" }));
  await member.fetchFor({ scope: "s" })("https://r.localhost");
  await member.tokenForSubAgent({ subagentToken: "t", resource: "https://r.localhost" });
  expect(contexts).toEqual([
    { scope: "s", mission: "m" },
    { subagentToken: "t", resource: "https://r.localhost", mission: "m" },
  ]);
});
