import { installLocalhostLookup } from "agent-kit/service";
import { progressSchema } from "backend-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ApiUser, signIn, WITH_MARKET_ANALYSIS } from "../support/optimization-run.ts";
import { endOf } from "../support/person-run.ts";
import { userAccessToken } from "../support/sign-in.ts";
import { type ReplicaStack, startReplicas } from "../support/start-replicas.ts";

installLocalhostLookup();

const WAIT = { timeout: 30_000, interval: 100 };

let stack: ReplicaStack;
let token: string;
beforeAll(async () => {
  stack = await startReplicas({ profile: "draft-11", mode: "agent-identity" });
  token = await userAccessToken(stack.urls);
}, 180_000);
afterAll(() => stack?.stop());

/** The user at one of the two processes of the backend. */
const userAt = (replica: number): Promise<ApiUser> => {
  const backend = stack.addressesOf("backend")[replica]!;
  return signIn({ urls: { ...stack.urls, backend } }, token);
};
const runsOf = async (user: ApiUser) =>
  progressSchema.array().parse(await (await user.get("/optimization/all")).json());

/** Delays every answer of the market-analysis agent while `run` runs. */
const withoutAnswers = (run: () => Promise<void>) =>
  stack.whileStopped("market-analysis-agent-1", () => stack.whileStopped("market-analysis-agent-2", run));

test("a run whose process is killed mid-call is completed by the other one, which streams its progress", async () => {
  const users = [await userAt(0), await userAt(1)] as const;
  let other = users[1];
  let events: Promise<string> | undefined;
  await withoutAnswers(async () => {
    users[0].run(WITH_MARKET_ANALYSIS).catch(() => {});
    await expect.poll(async () => (await runsOf(users[1]))[0]?.activities.length, WAIT).toBeGreaterThan(1);
    const [run] = await runsOf(users[1]);
    const id = run!.request_id;
    // Usually the process that was asked, but the job is for either.
    const [, worker] = new RegExp(`^backend-([12]) .*SIGNING.*runId=${id}`, "m").exec(stack.log())!;
    other = users[worker === "1" ? 1 : 0];
    events = (await other.get(`/optimization/progress/${id}/events`)).text();
    stack.kill(`backend-${worker}`);
  });
  const [run] = await runsOf(other);
  expect((await endOf(other, run!)).status).toBe("completed");
  expect(await events).toContain('"status":"completed"');
  expect(stack.log()).toContain("A run is begun again");
}, 120_000);
