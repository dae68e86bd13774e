import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MCP_USER, User } from "../contract/auth-server/journey.ts";
import { type ApiUser, signIn } from "../support/optimization-run.ts";
import { decideAtPages } from "../support/person-run.ts";
import { type ReplicaStack, startReplicas } from "../support/start-replicas.ts";

installLocalhostLookup();

const WAIT = { timeout: 30_000 };

let stack: ReplicaStack;
let user: ApiUser;
beforeAll(async () => {
  // The second hop asks the person, too, so that the supply-chain agent defers its answer.
  const env = () => ({ PERSON_SERVER_CONSENT_SCOPES: "market-analysis:analyze" });
  stack = await startReplicas({ profile: "draft-11", mode: "person-server" }, env);
  user = await signIn(stack);
}, 180_000);
afterAll(() => stack?.stop());

/** Processes that have polled the person server for the agent's deferred answer, by number. */
function pollers(log: string): string[] {
  const polls =
    /^supply-chain-agent-([12]) .*SIGNING.*GET.*https:\/\/person-server\.localhost\/aauth\/pending/gm;
  return [...log.matchAll(polls)].map(([, replica]) => replica!);
}

test("an answer that an agent defers is made by another process when the one at work is killed", async () => {
  const run = await user.run();
  const browser = new User();
  await browser.decide(await browser.openSignedIn(run.consent_url!, MCP_USER), "accept");
  await expect.poll(() => pollers(stack.log()), WAIT).not.toEqual([]);
  const worker = pollers(stack.log()).at(-1)!;
  stack.kill(`supply-chain-agent-${worker}`);
  const killedAt = stack.log().length;
  // The other replica or the restarted one, whichever is first.
  await expect.poll(() => pollers(stack.log().slice(killedAt)), WAIT).not.toEqual([]);
  const { end } = await decideAtPages(user, { ...run, consent_url: undefined }, undefined, browser);
  expect([end.status, end.failure]).toEqual(["completed", undefined]);
}, 120_000);
