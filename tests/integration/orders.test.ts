/** Orders of draft -11, held until their person has decided; the stack as the demo runs it. */
import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { SECOND_USER, type Shown, textOf } from "../contract/auth-server/journey.ts";
import { OrderingUser, type OrderRun, orderEnd, startOrder } from "../support/order-run.ts";
import { startStack, type TestStack, type TestStackOptions } from "../support/start-stack.ts";

installLocalhostLookup();

let stack: TestStack;
type Mode = TestStack["modes"]["mode"];
const start = async (
  mode: Mode,
  env: TestStackOptions["env"] = {},
  modes: TestStackOptions["modes"] = {},
) => {
  stack = await startStack({ modes: { profile: "draft-11", mode, ...modes }, env });
};
const pageOf = ({ waiting }: OrderRun) => waiting.interaction_url!;

/**
 * An order that waits at the supply-chain agent's page, after the person has allowed a new agent of
 * the user.
 */
async function waitingOrder(user: OrderingUser): Promise<OrderRun> {
  const order = await startOrder(stack);
  expect(order.waiting.status).toBe("interaction_required");
  if (new URL(pageOf(order)).origin !== stack.urls.personServer) return order;
  await fetch(await user.allowAgent(pageOf(order)), { redirect: "manual" });
  return { ...order, waiting: await order.state() };
}

/** Presses a button; returns the page's destination. */
async function press(user: OrderingUser, page: Shown, decision: "approve" | "decline") {
  const answer = await user.submit(page, { decision });
  return { answer, back: answer.headers.get("refresh")?.replace(/^\d+; url=/, "") };
}

const placedInLog = () => stack.log().match(/Order placed, approved by a person/g)?.length ?? 0;

describe("by mode", () => {
  afterEach(() => stack?.stop());

  test.each([
    ["person-identity", {}],
    ["person-server", {}],
    ["federated", { policyFile: "agentgateway/config-draft-11-policy.yaml" }],
  ] as const)(
    "an order is held, approved on the agent's page, executed once and shown: %s, %j",
    async (mode, modes) => {
      await start(mode, {}, modes);
      const user = new OrderingUser();
      const order = await waitingOrder(user);
      const { origin, pathname } = new URL(pageOf(order));
      expect(origin + pathname).toBe(`${stack.urls.supplyChainAgent}/orders/interaction`);

      const page = await user.comeTo(pageOf(order));
      const parts = ["25 × MacBook Pro, Apple", "$62,500", "mcp-user"];
      for (const part of [...parts, "An agent that acts for you"]) expect(textOf(page)).toContain(part);
      const { back } = await press(user, page, "approve");
      expect(back).toMatch(new RegExp(`^${stack.urls.backend}/auth/aauth/interaction\\?state=[\\w-]{43}$`));
      const returned = await fetch(back!, { redirect: "manual" });
      expect(returned.headers.get("location")).toBe(`${stack.urls.ui}/?order=${order.waiting.order_id}`);
      const approved_by = { sub: expect.any(String), name: "mcp-user" };
      expect(await order.state()).toMatchObject({ status: "placed", total: 62_500, approved_by });
      // The code, and the form again.
      expect((await user.open(pageOf(order))).status).toBe(400);
      expect((await user.submit(page, { decision: "approve" })).status).toBe(400);
      expect(placedInLog()).toBe(1);
    },
  );

  test("without a person it is refused in agent-identity, with the code and the remedy", async () => {
    await start("agent-identity");
    const failure = {
      hop: "supply-chain-agent",
      code: "person_required",
      advice: expect.stringContaining("--mode person-server"),
    };
    expect((await startOrder(stack)).waiting).toMatchObject({ status: "failed", failure });
  });

  test("an order without a decision in time has failed, and its page places nothing", async () => {
    await start("person-server", { "supply-chain-agent": { SUPPLY_CHAIN_INTERACTION_SECONDS: "4" } });
    const user = new OrderingUser();
    const order = await waitingOrder(user);
    const page = await user.comeTo(pageOf(order));
    expect(await orderEnd(order)).toMatchObject({
      status: "failed",
      failure: { code: "interaction_expired" },
    });
    const { answer } = await press(user, page, "approve");
    expect([answer.status, textOf(answer)]).toEqual([400, expect.stringContaining("It has been decided")]);
    expect(placedInLog()).toBe(0);
  });
});

describe("in person-server", () => {
  const user = new OrderingUser();
  beforeAll(() => start("person-server"));
  afterAll(() => stack?.stop());

  test("another browser, another person and a form of another page decide nothing", async () => {
    const before = placedInLog();
    const stolen = await waitingOrder(user);
    const other = await new OrderingUser(SECOND_USER).comeTo(pageOf(stolen));
    expect([other.status, textOf(other)]).toEqual([403, expect.stringContaining("not the person")]);
    const late = await user.comeTo(pageOf(stolen));
    expect([late.status, textOf(late)]).toEqual([403, expect.stringContaining("another browser")]);

    const page = await user.comeTo(pageOf(await waitingOrder(user)));
    const forged = await user.submit(page, { decision: "approve", form_token: "f".repeat(43) });
    expect(forged.status).toBe(400);
    expect(placedInLog()).toBe(before);
  });

  test("a forged callback leads nowhere: at the page, at the sign-in's return, and at the backend", async () => {
    const order = await waitingOrder(user);
    const url = new URL(pageOf(order));
    url.searchParams.set("callback", "https://evil.example/");
    const page = await user.comeTo(url.href);
    expect(page.text).not.toContain("evil.example");
    for (const state of ["", "s".repeat(43)]) {
      const agents = `${stack.urls.supplyChainAgent}/orders/interaction/callback?code=c&state=${state}`;
      expect((await fetch(agents)).status).toBe(400);
      const backends = `${stack.urls.backend}/auth/aauth/interaction?state=${state}`;
      const { headers } = await fetch(backends, { redirect: "manual" });
      expect(headers.get("location")).toBe(`${stack.urls.ui}/?order_error=unknown_request`);
    }
    expect((await order.state()).status).toBe("interaction_required");
    const { answer, back } = await press(user, page, "approve");
    expect([answer.status, back, answer.text]).toEqual([200, undefined, expect.not.stringContaining("evil")]);
    // The backend polls for the answer, whether the browser returns or not.
    expect((await orderEnd(order)).status).toBe("placed");
  });

  test("neither code, session nor state is in the log", async () => {
    const order = await waitingOrder(user);
    const page = await user.comeTo(pageOf(order));
    const { searchParams } = new URL(page.url);
    const secrets = [searchParams.get("session"), new URL(pageOf(order)).searchParams.get("code")];
    const state = new URL(searchParams.get("return_url")!).searchParams.get("state");
    for (const secret of [...secrets, state]) expect(stack.log().includes(secret!), secret!).toBe(false);
  });
});
