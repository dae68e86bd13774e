/** A9: one owner's records never reduce another owner's quota. */
import { createMemoryStores, ownerOf, StoreFullError } from "aauth";
import { ConsentRequiredError } from "aauth/february-2026";
import { createTestClock } from "aauth/testing";
import Fastify from "fastify";
import { expect, test } from "vitest";
import { aauthSignIn } from "../../src/february-2026/aauth-sign-in.ts";
import { februaryWire } from "../../src/february-2026/interaction-wire.ts";
import { orderRoutes } from "../../src/february-2026/order-routes.ts";
import { createIdentifyPerson } from "../../src/interaction/identify-person.ts";
import { interactionRoutes } from "../../src/interaction/interaction-routes.ts";
import { createInteractions } from "../../src/interaction/interactions.ts";
import { createPlacedOrders } from "../../src/orders/placed-orders.ts";
import { SELF } from "../stack.ts";

const ORDER = { order_id: "o", model: "m", quantity: 1, vendor: "v", total: 1, approver: "anna" } as never;
const AGENT = "https://agent.example.org";
const asker = (agent: string, index = 0) => ({
  agent,
  thumbprint: "t",
  method: "POST",
  url: "/orders",
  body: Buffer.from(`${index}`),
});

async function opened() {
  const { now } = createTestClock();
  const interactions = createInteractions(createMemoryStores({ now }), now);
  const { id } = await interactions.open(asker(AGENT), ORDER);
  await interactions.note(id, { returnUrl: `${AGENT}/back` });
  const isKept = async () => [
    (await interactions.find(id)) !== undefined,
    (await interactions.findOver(id))?.returnUrl !== undefined,
    (await interactions.open(asker(AGENT), ORDER)).id === id,
  ];
  return { interactions, isKept };
}

test("A9: 20,200 orders from 101 names below one domain leave another agent's interaction alone", async () => {
  const { interactions, isKept } = await opened();
  const refused = new Set<unknown>();
  for (let index = 0; index < 20_200; index++) {
    const agent = `https://x${index % 101}.wild.example.com`;
    await interactions
      .open(asker(agent, index), ORDER)
      .then(({ id }) => interactions.note(id, { returnUrl: `${agent}/back` }))
      .catch(({ code }: { code?: string }) => refused.add(code));
  }
  expect([...refused]).toEqual(["store_full"]);
  expect(await isKept()).toEqual([true, true, true]);
});

test("A9: however many owners order, owners without room are refused, and no interaction is lost", async () => {
  const { interactions, isKept } = await opened();
  const refused = new Set<unknown>();
  let open = 0;
  for (let index = 0; index < 20_100; index++) {
    try {
      await interactions.open(asker(`https://owner-${index}.example`), ORDER);
      open++;
    } catch (error) {
      refused.add((error as { code?: string }).code);
    }
  }
  expect([open, ...refused]).toEqual([19_999, "store_full"]);
  expect(await isKept()).toEqual([true, true, true]);
});

test("A9: an order and a page beyond the quota are answered with 503, and say so", async () => {
  const full = async () => {
    throw new StoreFullError();
  };
  const log = { info: () => {}, warn: () => {} } as never;
  const app = Fastify();
  app.decorateRequest("caller", null).decorateRequest("rawBody", null);
  app.addHook("preHandler", async (request) => {
    Object.assign(request, {
      caller: { level: "identified", agent: AGENT, thumbprint: "t" },
      rawBody: Buffer.from(JSON.stringify(request.body ?? null)),
    });
  });
  const interactions = { decided: async () => undefined, open: full } as never;
  const placedOrders = createPlacedOrders(createMemoryStores());
  await app.register(orderRoutes, { id: SELF, interactions, placedOrders, log });
  await app.register(interactionRoutes, {
    log,
    wire: februaryWire({ id: SELF, discovery: {} as never, development: true }),
    interactions: {
      find: async () => ({ id: "s", by: { agent: AGENT }, returnUrl: "r", browser: undefined }),
      note: full,
    } as never,
    identify: {} as never,
  });
  const payload = { order_id: "o-1", model: "MacBook Pro", quantity: 25, approver: "anna" };
  const order = await app.inject({ method: "POST", url: "/orders", payload });
  expect([order.statusCode, order.json().error]).toEqual([503, "store_full"]);
  const page = await app.inject({ url: "/interaction?session=s&return_url=r" });
  expect([page.statusCode, page.headers["content-type"]]).toEqual([503, "text/html; charset=utf-8"]);
});

test("A9: no more sign-ins wait at the auth server than it keeps for this agent, and a new owner finds room for one", async () => {
  let asked = 0;
  const method = aauthSignIn({
    id: SELF,
    authServer: "http://auth",
    redirectUri: `${SELF}/interaction/callback`,
    agent: {
      requestOwnToken: async () => {
        asked++;
        const consentUrl = `http://auth/${asked}`;
        throw new ConsentRequiredError({
          consentUrl,
          requestToken: "r",
          authServer: "http://auth",
          expiresInSeconds: 600,
        });
      },
    } as never,
    discovery: {} as never,
    now: createTestClock().now,
  });
  const { now } = createTestClock();
  const stores = createMemoryStores({ now });
  const identify = createIdentifyPerson({
    method,
    stores,
    now,
    interactions: { note: async () => undefined },
  });
  const begin = (agent: string, index: number) =>
    identify.begin({
      id: `${agent} ${index}`,
      owner: ownerOf(agent),
      order: { approver: `person-${index}` } as never,
    });
  const refused = new Set<unknown>();
  for (let index = 0; index < 3_000; index++) {
    const agent = `https://owner-${Math.floor(index / 300)}.example`;
    await begin(agent, index).catch((error: { code: string }) => refused.add(error.code));
  }
  expect([...refused]).toEqual(["too_many_sign_ins"]);
  expect(asked).toBeLessThan(1_000);
  await expect(begin(AGENT, 0)).resolves.toMatch("http://auth/");
});
