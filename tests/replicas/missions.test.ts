import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, beforeAll, expect, test } from "vitest";
import { User } from "../contract/auth-server/journey.ts";
import { type ApiUser, signIn } from "../support/optimization-run.ts";
import { decideAtPages, endMissionAtPage } from "../support/person-run.ts";
import { userAccessToken } from "../support/sign-in.ts";
import { type ReplicaStack, startReplicas } from "../support/start-replicas.ts";

installLocalhostLookup();

let stack: ReplicaStack;
let token: string;
beforeAll(async () => {
  stack = await startReplicas({ profile: "draft-11", mode: "mission" });
  token = await userAccessToken(stack.urls);
}, 180_000);
afterAll(() => stack?.stop());

const userAt = (replica: number): Promise<ApiUser> => {
  const backend = stack.addressesOf("backend")[replica]!;
  return signIn({ urls: { ...stack.urls, backend } }, token);
};

/** Kills a process of each service with a mission, and waits until both are back. */
async function killed(replica: number): Promise<void> {
  const names = ["person-server", "backend"];
  const readyOf = (name: string) => stack.log().split(`${name} ready on`).length;
  const before = names.map(readyOf);
  for (const name of names) stack.kill(`${name}-${replica}`);
  await expect
    .poll(() => names.every((name, at) => readyOf(name) > before[at]!), { timeout: 60_000 })
    .toBe(true);
}

test("a mission outlives each replica: its proposal waits on, its approval serves both, its end reaches both", async () => {
  const person = new User();
  const run = await (await userAt(0)).run();
  expect(run.status).toBe("awaiting_consent");
  await killed(1);
  const { end, visits } = await decideAtPages(await userAt(1), run, undefined, person);
  expect([end.status, visits.length]).toEqual(["completed", 1]);
  await killed(2);
  for (const replica of [0, 1]) {
    const user = await userAt(replica);
    expect(await decideAtPages(user, await user.run())).toMatchObject({
      end: { status: "completed" },
      visits: [],
    });
  }
  await endMissionAtPage(stack, person);
  await killed(1);
  const failure = { code: "mission_terminated" };
  expect(await (await userAt(1)).run()).toMatchObject({ status: "failed", failure });
}, 180_000);
