/** Sub-agents at the person server: only their parents request tokens for them. */

import { generateSigningKey } from "aauth";
import { type IssueAgentTokenOptions, issueAgentToken } from "aauth/server";
import { expect, test } from "vitest";
import {
  AGENT,
  BACKEND,
  createWorld,
  PERSON_SERVER,
  SUPPLY_CHAIN,
  sendWith,
  type World,
} from "./support/world.ts";

const PERSON_TOKENS = `${PERSON_SERVER}/aauth/person`;
const SCOUT = AGENT.replace("@", "+scout@");

/** An agent token of the provider. By default its key signs the world's requests. */
async function tokenOf(world: World, over: Partial<IssueAgentTokenOptions> = {}) {
  const key = world.keys[BACKEND]!;
  const own = { key, issuer: BACKEND, agent: AGENT, personServer: PERSON_SERVER };
  return (await issueAgentToken({ ...own, confirmationKey: key.publicJwk, ...over })).token;
}

test("a sub-agent that asks the person server itself is refused", async () => {
  const world = await createWorld();
  const own = await tokenOf(world, { agent: SCOUT, parentAgent: AGENT });
  const answer = await sendWith(world, PERSON_TOKENS, own, {
    method: "POST",
    body: { resource: SUPPLY_CHAIN },
  });
  expect([answer.status, await answer.json()]).toMatchObject([
    400,
    { error: "invalid_request", detail: expect.stringContaining("its parent must") },
  ]);
});

test("an agent receives no token for another agent's sub-agent, for no sub-agent, and for its own key", async () => {
  const world = await createWorld();
  const confirmationKey = (await generateSigningKey({ kid: "scout" })).publicJwk;
  const parent = await tokenOf(world);
  const asking = async (subagent_token: string) => {
    const body = { resource: SUPPLY_CHAIN, capabilities: ["interaction"], subagent_token };
    const answer = await sendWith(world, PERSON_TOKENS, parent, { method: "POST", body });
    return answer.status === 202 ? 202 : ((await answer.json()) as { error: string }).error;
  };
  const other = "aauth:Other@backend.localhost";
  for (const over of [
    { agent: other.replace("@", "+scout@"), parentAgent: other },
    { agent: other },
    { agent: SCOUT, parentAgent: AGENT, confirmationKey: world.keys[BACKEND]!.publicJwk },
  ])
    expect([over, await asking(await tokenOf(world, { confirmationKey, ...over }))]).toEqual([
      over,
      "invalid_subagent_token",
    ]);
  expect(await asking(await tokenOf(world, { confirmationKey, agent: SCOUT, parentAgent: AGENT }))).toBe(202);
});
