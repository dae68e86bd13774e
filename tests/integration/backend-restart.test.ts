/** A backend that is killed and started again, with what it has kept. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installLocalhostLookup } from "agent-kit/service";
import { type Progress, progressSchema } from "backend-api";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { User } from "../contract/auth-server/journey.ts";
import { allow } from "../support/consent-run.ts";
import { type ApiUser, signIn, signInAgain, whileSuspended } from "../support/optimization-run.ts";
import { decide, OrderingUser, type OrderRun, startOrder, visit } from "../support/order-run.ts";
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
  alsoEnded: readonly string[] = [],
): Promise<ApiUser> {
  const kept = { AAUTH_STORE: `sqlite:${folder}/data`, AAUTH_KEYS: `${folder}/keys` };
  stack = await startStack({ processes: ["backend", ...alsoEnded], modes, env: { ...env, backend: kept } });
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
  test("that waits for consent in February resumes with the code that the browser brings", async () => {
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

  test("finds what was decided meanwhile", async () => {
    const user = await started(draft11("federated"));
    const run = await user.run();
    await stack.kill("backend");
    const browser = new User();
    await browser.decide(await browser.openSignedIn(run.consent_url!), "accept");
    await stack.startAgain("backend");
    expect((await endOf(user, run)).status).toBe("completed");
  });

  test.each([
    ["February", {}],
    ["draft -11", draft11("agent-identity")],
  ])("mid-call asks the agent again: %s", async (_dialect, modes) => {
    const user = await started(modes, {}, ["market-analysis-agent"]);
    const runs = async () => progressSchema.array().parse(await (await user.get("/optimization/all")).json());
    await whileSuspended(stack, "market-analysis-agent", async () => {
      user.run().catch(() => {});
      await expect.poll(async () => (await runs())[0]?.activities.length, LOG_WAIT).toBeGreaterThan(1);
      await restarted();
    });
    const [run] = await runs();
    expect((await endOf(user, run!)).status).toBe("completed");
    expect(stack.log()).toContain("A run is begun again");
  });

  test("ends where the person server has forgotten it, with hop, code and section", async () => {
    const user = await started(draft11("person-server"), {}, ["person-server"]);
    const run = await user.run();
    await stack.kill("backend");
    await stack.kill("person-server");
    await stack.startAgain("person-server");
    await stack.startAgain("backend");
    // The sign-in has ended with the server.
    const again = await signInAgain(stack);
    const { status, failure } = await endOf(again, run);
    expect([status, failure?.hop]).toEqual(["failed", "person-server"]);
    expect(failure?.section).toMatch(/^draft -11, section /);
  });

  test("ends where its key is gone, with hop, code and section", async () => {
    const user = await started(draft11("person-server"));
    const run = await user.run();
    await stack.kill("backend");
    await rm(`${folder}/keys/backend.1.json`);
    await stack.startAgain("backend");
    const { failure } = await endOf(user, run);
    expect(failure).toMatchObject({ hop: "backend", code: "waiting_key_gone" });
    expect(failure?.section).toMatch(/^draft -11, section /);
  });
});

describe("an order", () => {
  test("that waits for its person in February is placed once, when the browser comes back", async () => {
    await started({});
    const order = await startOrder(stack);
    await restarted();
    const back = await decide(order, await visit(order), "approve");
    expect(back).toContain(`order=${order.waiting.order_id}`);
    expect((await order.state()).status).toBe("placed");
  });

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
