/**
 * Draft -11 over Keycloak, where its persons sign in: one stack for each mode, in the order of its
 * tests.
 */

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installLocalhostLookup } from "agent-kit/service";
import { type Delegate, delegateListSchema, delegateSchema } from "backend-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SECOND_USER, type Shown, textOf, User } from "../contract/auth-server/journey.ts";
import { signIn } from "../support/optimization-run.ts";
import { OrderingUser, startOrder } from "../support/order-run.ts";
import { decideAtPages, revokeAtPage } from "../support/person-run.ts";
import { userAccessToken } from "../support/sign-in.ts";
import { LOG_WAIT, startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

let stack: TestStack;

async function started(mode: TestStack["modes"]["mode"]): Promise<TestStack> {
  const folder = await mkdtemp(join(tmpdir(), "delegate-"));
  const delegatesFile = join(folder, "delegates.json");
  return startStack({
    modes: { profile: "draft-11", mode, authServer: "keycloak", delegate: true },
    env: {
      backend: { BACKEND_DELEGATES_FILE: delegatesFile },
      "delegate-agent": {
        DELEGATE_DATA_FOLDER: join(folder, "delegate-agent"),
        DELEGATE_ENROLMENT_FILE: delegatesFile,
      },
      "person-server": {
        PERSON_SERVER_CONSENT_SCOPES: "market-analysis:analyze",
        ...(mode === "federated" && { ACCESS_SERVER_OWNERS: `name:${SECOND_USER.username}` }),
      },
    },
  });
}

async function delegates(path = "", method = "GET"): Promise<unknown> {
  const headers = { authorization: `Bearer ${await userAccessToken(stack.urls)}` };
  const reply = await fetch(`${stack.urls.backend}/delegates${path}`, { method, headers });
  return reply.json();
}

const runOf = async ({ sub }: Delegate) => delegateSchema.parse(await delegates(`/${sub}/run`, "POST"));

/** A question on a page, and the page with the answer. */
async function ask(browser: User, page: Shown): Promise<Shown> {
  const text = /<form method="post"[^>]*class="ask"[\s\S]*?<\/form>/.exec(page.text)?.[0] ?? "";
  return browser.submit({ ...page, text }, { question: "Why do you ask?", ask: "yes" });
}

/** In federated mode both servers decide. */
const MODES = process.env.LONG_TESTS ? (["federated", "person-server"] as const) : (["federated"] as const);

describe.each(MODES)("%s", (mode) => {
  const browser = new User();
  beforeAll(async () => {
    stack = await started(mode);
  });
  afterAll(() => stack?.stop());

  test("a person signs in, asks the agent, and allows both hops once", async () => {
    const user = await signIn(stack);
    const run = await user.run();
    const asked: string[] = [];
    const { end, visits } = await decideAtPages(user, run, undefined, browser, async (page) => {
      const answered = await ask(browser, page);
      asked.push(textOf(answered));
      return answered;
    });
    expect([end.status, visits.length]).toEqual(["completed", 2]);
    expect(asked[0]).toContain(run.prompt);
    expect(await decideAtPages(user, await user.run())).toMatchObject({ visits: [] });
  });

  test("an order is approved by the person whose agent has ordered, at the agent's own page", async () => {
    const order = await startOrder(stack);
    const person = new OrderingUser();
    const page = await person.comeTo(order.waiting.interaction_url!);
    expect(textOf(page)).toContain("mcp-user");
    await person.submit(page, { decision: "approve" });
    await expect.poll(async () => (await order.state()).status, LOG_WAIT).toBe("placed");
  });

  test("a delegate works for the person once they allow it", async () => {
    const [delegate] = delegateListSchema.parse(await delegates()).delegates;
    const { sub_agent } = await runOf(delegate!);
    const page = sub_agent?.interaction_url;
    if (page !== undefined) await browser.decide(await browser.openSignedIn(page), "accept");
    expect((await runOf(delegate!)).last_run).toMatchObject({ status: "completed" });
  });

  test.runIf(mode === "federated")("an owner sees the access server's tokens", async () => {
    const granted = await new User().openSignedIn(`${stack.urls.personServer}/access/granted`, SECOND_USER);
    expect(textOf(granted)).toContain("https://market-analysis-agent.localhost");
  });

  test("a person who has revoked the agent's grant is asked again", async () => {
    await revokeAtPage(stack, browser, "aauth:user-");
    const user = await signIn(stack);
    const { end, visits } = await decideAtPages(user, await user.run(), () => "cancel", browser);
    expect(end).toMatchObject({ status: "failed", failure: { code: "denied" } });
    expect(visits).toHaveLength(1);
  });

  test("no token of February's protocol is issued", async () => {
    const reply = await fetch(`${stack.urls.issuer}/protocol/aauth/agent/token`, { method: "POST" });
    expect(await reply.json()).toMatchObject({
      error_description: "AAuth protocol is not enabled for this realm",
    });
  });
});
