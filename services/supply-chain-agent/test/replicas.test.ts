/** Orders and their interactions at two processes of the agent over the same stores. */
import { createMemoryStores, type Stores, StoreUnavailableError } from "aauth";
import { createTestClock } from "aauth/testing";
import { expect, test } from "vitest";
import { stoppableStores } from "../../../tests/support/stoppable-stores.ts";
import { createInteractions } from "../src/interaction/interactions.ts";
import { requestName } from "../src/orders/placed-orders.ts";
import { arrive, createInteractionWorld, interactionIn } from "./interaction-world.ts";

test("V51: an order that one process holds is approved at another, and executed once", async () => {
  const world = await createInteractionWorld();
  const other = await world.startReplica();
  const { cookie, form } = await arrive(other, interactionIn(await world.order()));
  const decided = await world.decide({ ...form, decision: "approve" }, cookie);
  expect(decided.statusCode).toBe(200);
  const placed = await Promise.all([world.order(), other.order(), world.order(), other.order()]);
  expect(placed.map(({ statusCode }) => statusCode)).toEqual([201, 201, 201, 201]);
  expect(new Set(placed.map(({ body }) => body)).size).toBe(1);
  expect(world.log().match(/Order placed, approved by a person/g)?.length ?? 0).toBeLessThanOrEqual(1);
  const afterRestart = await world.startReplica();
  expect((await afterRestart.order()).json()).toEqual(placed[0]?.json());
});

test("a person redirected by an ended process can sign in at the next one", async () => {
  const world = await createInteractionWorld();
  const address = interactionIn(await world.order());
  const first = await world.open(address);
  const cookie = String(first.headers["set-cookie"]).split(";")[0]!;
  const state = new URL(String(first.headers.location)).searchParams.get("state")!;
  const next = await world.startReplica();
  expect((await next.open(address, cookie)).headers.location).toBe(first.headers.location);
  const callback = `/interaction/callback?code=c-1&state=${state}`;
  const answers = await Promise.all([next.open(callback, cookie), world.open(callback, cookie)]);
  // One of the two accepts the auth server's answer.
  expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([303, 400]);
  const page = await next.open(address, cookie);
  expect(page.body).toContain("Approve this order?");
});

test("the same request at two processes at once leads to one page", async () => {
  const world = await createInteractionWorld();
  const other = await world.startReplica();
  const challenged = await Promise.all([world.order(), other.order(), world.order(), other.order()]);
  expect(new Set(challenged.map((reply) => interactionIn(reply))).size).toBe(1);
});

test("V50: of two browsers at two processes the first has the page", async () => {
  const world = await createInteractionWorld();
  const other = await world.startReplica();
  const address = interactionIn(await world.order());
  const opened = await Promise.all([world.open(address), other.open(address)]);
  expect(opened.map(({ statusCode }) => statusCode).sort()).toEqual([303, 403]);

  const { one, another, id } = await bothProcesses();
  const tied = [await one.note(id, { browser: "first" }), await another.note(id, { browser: "second" })];
  expect(tied.map((noted) => noted?.browser)).toEqual(["first", undefined]);
});

test("V50: of an approval and a refusal at two processes the first is recorded", async () => {
  const world = await createInteractionWorld();
  const other = await world.startReplica();
  const { cookie, form } = await arrive(world, interactionIn(await world.order()));
  const answers = await Promise.all([
    world.decide({ ...form, decision: "approve" }, cookie),
    other.decide({ ...form, decision: "decline" }, cookie),
  ]);
  expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 400]);

  const { one, another, id } = await bothProcesses();
  const decided = [
    await one.note(id, { decision: "approved" }),
    await another.note(id, { decision: "declined" }),
  ];
  expect(decided.map((noted) => noted?.decision)).toEqual(["approved", undefined]);
  expect((await another.find(id))?.decision).toBe("approved");
});

/** Interactions of two processes that have both read the same one. */
async function bothProcesses() {
  const { now } = createTestClock();
  const stores = createMemoryStores({ now });
  const [one, another] = [createInteractions(stores, now), createInteractions(stores, now)];
  const order = { order_id: "o", model: "m", quantity: 1, vendor: "v", total: 1, approver: "anna" };
  const by = { agent: "https://agent.example" };
  const { id } = await one.begin({ owner: "agent.example", by, order, expiresAt: now() + 600 });
  return { one, another, id };
}

test("a store that is down is answered with 503, on the wire and on the page, and places nothing", async () => {
  const world = await createInteractionWorld();
  const address = interactionIn(await world.order());
  const { cookie, form } = await arrive(world, address);
  const away = async (): Promise<never> => {
    throw new StoreUnavailableError("the database");
  };
  const records: Stores["records"] = () => ({
    get: away,
    put: away,
    putIfAbsent: away,
    take: away,
    delete: away,
    update: away,
    list: away,
  });
  const other = await world.startReplica({ ...world.stores, records });
  const order = await other.order({ order_id: "o-2" });
  expect([order.statusCode, order.headers["retry-after"]]).toEqual([503, expect.any(String)]);
  expect(order.headers).not.toHaveProperty("agent-auth");
  const page = await other.open(address, cookie);
  expect([page.statusCode, page.body]).toEqual([503, expect.stringContaining("Reload this page")]);
  expect((await other.decide({ ...form, decision: "approve" }, cookie)).statusCode).toBe(503);
  expect((await world.order()).statusCode).toBe(401);
});

test("an approval that a store rejected is repeated once it is back, and the order placed once", async () => {
  const world = await createInteractionWorld();
  const stores = stoppableStores(world.stores);
  const other = await world.startReplica(stores);
  const statuses = [];
  for (let operations = 0; statuses.at(-1) !== 200; operations += 1) {
    const change = { order_id: `o-${operations}` };
    const { cookie, form } = await arrive(other, interactionIn(await other.order(change)));
    const approve = () => other.decide({ ...form, decision: "approve" }, cookie);
    stores.stopAfter(operations);
    statuses.push((await approve()).statusCode);
    stores.start();
    if (statuses.at(-1) !== 200) expect((await approve()).statusCode).toBe(200);
    const placed = [await other.order(change), await other.order(change)];
    expect(placed.map(({ statusCode, body }) => [statusCode, body])).toEqual([
      [201, placed[0]!.body],
      [201, placed[0]!.body],
    ]);
  }
  expect(statuses).toEqual([503, 503, 200]);
});

test("the name of a request distinguishes callers and bodies", () => {
  const body = Buffer.from("{}");
  const names = [
    requestName(["a", undefined], body),
    requestName(["a", "b"], body),
    requestName(["a,b"], body),
    requestName(["a", undefined], Buffer.from("{ }")),
  ];
  expect(new Set(names).size).toBe(names.length);
});
