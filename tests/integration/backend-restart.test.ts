/** A backend that is killed and restarted with its stored state. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installLocalhostLookup } from "agent-kit/service";
import { type Progress, progressSchema } from "backend-api";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { User } from "../contract/auth-server/journey.ts";
import { allow } from "../support/consent-run.ts";
import { type ApiUser, signIn } from "../support/optimization-run.ts";
import { OrderingUser, type OrderRun, startOrder } from "../support/order-run.ts";
import { decideAtPages, endOf } from "../support/person-run.ts";
import { LOG_WAIT, startStack, type TestStack, type TestStackOptions } from "../support/start-stack.ts";

installLocalhostLookup();
vi.setConfig({ testTimeout: 120_000 });

let stack: TestStack;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "backend-restart-"));
});
afterEach(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true });
});

async function started(
  modes: NonNullable<TestStackOptions["modes"]>,
  env: Record<string, Record<string, string>> = {},
): Promise<ApiUser> {
  const kept = { AAUTH_STORE: `sqlite:${folder}/data`, AAUTH_KEYS: `${folder}/keys` };
  stack = await startStack({ processes: ["backend"], modes, env: { ...env, backend: kept } });
  return signIn(stack);
}

async function restarted(): Promise<void> {
  await stack.kill("backend");
  await stack.startAgain("backend");
}

const stateOf = async (user: ApiUser, { request_id }: Pick<Progress, "request_id">) =>
  progressSchema.parse(await (await user.get(`/optimization/progress/${request_id}`)).json());
const reportOf = async (user: ApiUser, run: Progress) => JSON.stringify(await stateOf(user, run));

const FEBRUARY = { authorizationScheme: "user-delegated" } as const;
const draft11 = (mode: TestStack["modes"]["mode"]) => ({ profile: "draft-11", mode }) as const;
/** The second hop asks the person, too. */
const CONSENT_FOR_MARKET = { "person-server": { PERSON_SERVER_CONSENT_SCOPES: "market-analysis:analyze" } };

describe("a run", () => {
  test("that waits for consent in February resumes with the browser's code", async () => {
    const user = await started(FEBRUARY);
    const run = await user.run();
    await restarted();
    expect(await stateOf(user, run)).toMatchObject({
      status: "awaiting_consent",
      consent_url: run.consent_url,
    });
    await allow(run.consent_url!);
    expect((await endOf(user, run)).status).toBe("completed");
    await restarted();
    expect(await reportOf(user, run)).toContain("Market Analysis Report");
  });

  test("that waits in draft -11 is polled on: the person decides on the same page, and both hops are called", async () => {
    const user = await started(draft11("person-server"), CONSENT_FOR_MARKET);
    const run = await user.run();
    await restarted();
    expect(await stateOf(user, run)).toMatchObject({
      status: "awaiting_consent",
      consent_url: run.consent_url,
    });
    let page = 0;
    const { end, visits } = await decideAtPages(user, run, undefined, new User(), async (shown) => {
      // The second hop waits at the supply-chain agent, for the key of the backend.
      if (++page === 2) await restarted();
      return shown;
    });
    expect([end.status, visits.length]).toEqual(["completed", 2]);
    expect(await reportOf(user, end)).toContain("Market Analysis Report");
  });
});

describe("an order", () => {
  test("that waits in draft -11 is polled on, and placed once", async () => {
    await started(draft11("person-identity"));
    const order = await startOrder(stack);
    await restarted();
    const user = new OrderingUser();
    const pageOf = ({ interaction_url: url = "" }: Pick<OrderRun["waiting"], "interaction_url">) => url;
    await fetch(await user.allowAgent(pageOf(order.waiting)), { redirect: "manual" });
    await restarted();
    const page = await user.comeTo(pageOf(await order.state()));
    await user.submit(page, { decision: "approve" });
    await vi.waitFor(async () => expect((await order.state()).status).toBe("placed"), LOG_WAIT);
    expect(stack.log().match(/Order placed, approved by a person/g)).toHaveLength(1);
  });
});
