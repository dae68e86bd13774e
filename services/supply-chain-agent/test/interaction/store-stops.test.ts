/**
 * A store stops while a person decides on a held order: the decision is made again, and once.
 * Nothing is placed for a caller that has gone.
 */
import {
  agentProviderMetadata,
  createMemoryStores,
  draft11,
  generateSigningKey,
  type ProvenCaller,
  toJwks,
} from "aauth";
import { createResource } from "aauth/resource";
import { issueAgentToken } from "aauth/server";
import { createTestClock, createTestDiscovery, signedRequest } from "aauth/testing";
import Fastify from "fastify";
import { describe, expect, test, vi } from "vitest";
import { stoppableStores } from "../../../../tests/support/stoppable-stores.ts";
import { draft11Wire } from "../../src/interaction/draft-11-wire.ts";
import { interactionRoutes } from "../../src/interaction/interaction-routes.ts";
import { createInteractions } from "../../src/interaction/interactions.ts";
import { createHeldOrders } from "../../src/orders/held-orders.ts";
import { createPlacedOrders } from "../../src/orders/placed-orders.ts";

const PAGE = "/orders/interaction";
const ORDER = { order_id: "o", model: "m", quantity: 1, vendor: "v", total: 1, approver: "anna" };
const PROVIDER = "https://agent.example";
const key = await generateSigningKey({ kid: "agent-1" });
const CALLER = {
  thumbprint: key.thumbprint,
  person: { iss: "https://ps.example", sub: "anna" },
} as ProvenCaller;
const discovery = createTestDiscovery({
  documents: {
    [`${PROVIDER}/.well-known/aauth-agent.json`]: agentProviderMetadata({ issuer: PROVIDER }),
    [`${PROVIDER}/jwks.json`]: toJwks([key]),
  },
});

/** Held orders, their page, and their caller's polls, over stores that can be stopped. */
async function kit() {
  const { now, advance } = createTestClock();
  const stores = stoppableStores(createMemoryStores({ now }));
  const interactions = createInteractions(stores, now);
  const placedOrders = createPlacedOrders(stores);
  const lines: string[] = [];
  const log = { info: (_: unknown, line: string) => lines.push(line), warn: () => {} } as never;
  const orders = createHeldOrders({
    resource: createResource({ resource: "https://sca.example", key, discovery, stores, now }),
    path: PAGE,
    stores,
    interactions,
    placedOrders,
    log,
    lifetimeSeconds: 600,
    now,
  });
  const app = Fastify();
  let arrived = "";
  await app.register(interactionRoutes, {
    wire: draft11Wire({ origin: "https://sca.example", orders, browserUrl: (url) => url }),
    interactions,
    log,
    identify: {
      async begin({ id }) {
        arrived = id;
        return "https://auth.example/";
      },
      takeSignIn: async () => ({ interactionId: arrived }) as never,
      finish: async () => ({ subject: "anna" }),
    },
  });

  /** The page of an order whose person is there. */
  async function shownPage(request: string) {
    const answer = await orders.hold(CALLER, { order: ORDER, request });
    const [, code] = /code="([^"]+)"/.exec(answer.headers["aauth-requirement"] ?? "")!;
    const first = await app.inject(`${PAGE}?code=${code}`);
    const headers = { cookie: String(first.headers["set-cookie"]).split(";")[0]! };
    const back = await app.inject({ url: `${PAGE}/callback?state=s&code=c`, headers });
    const load = () => app.inject({ url: String(back.headers.location), headers });
    const press = (decision: string, { body }: { body: string }) => {
      const field = (name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(body)?.[1] ?? "";
      return app.inject({
        method: "POST",
        url: `${PAGE}/decision`,
        payload: new URLSearchParams({
          session: field("session"),
          form_token: field("form_token"),
          decision,
        }).toString(),
        headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
      });
    };
    const call = async (method: string) => {
      const agent = { issuer: PROVIDER, agent: "aauth:anna@agent.example" };
      const { token: jwt } = await issueAgentToken({ ...agent, key, confirmationKey: key.publicJwk, now });
      const signing = { profile: draft11, key, signatureKey: { scheme: "jwt", jwt }, now } as const;
      return orders.endpoint.handle(
        await signedRequest({ ...signing, url: answer.headers.location!, method }),
      );
    };
    return { load, press, call, session: arrived };
  }
  return { stores, orders, interactions, shownPage, placedOrders, lines, advance };
}

test.each(["cancelled", "expired"])(
  "V57: an order whose request is %s is never in the table of placed orders",
  async (end) => {
    const { shownPage, orders, interactions, placedOrders, lines, advance } = await kit();
    const place = vi.spyOn(placedOrders, "place");
    const { load, press, call, session } = await shownPage("request");
    const shown = await load();
    const { by } = (await interactions.find(session))!;
    if (end === "cancelled") expect((await call("DELETE")).status).toBe(204);
    else advance(600);
    const { statusCode, body } = await press("approve", shown);
    expect([statusCode, body]).toEqual([400, expect.stringContaining("It has been decided")]);
    // An order that ends while the page is answered is not placed, either.
    expect(await orders.settle("held" in by ? by.held : expect.fail(), "approved", { subject: "anna" })).toBe(
      false,
    );
    expect([place.mock.calls, lines]).toEqual([[], []]);
  },
);

test.each(["cancelled", "expired"])(
  "V57: an order that is %s after an operation of its approval has failed is answered as placed, or never is",
  async (end) => {
    const { stores, shownPage, placedOrders, lines, advance } = await kit();
    const answers = [];
    for (let operations = 0, status = 503; status === 503; operations += 1) {
      const request = `request ${operations}`;
      const { load, press, call } = await shownPage(request);
      const shown = await load();
      stores.stopAfter(operations);
      status = (await press("approve", shown)).statusCode;
      stores.start();
      if (end === "expired") advance(600);
      else await call("DELETE");
      const answer = (await call("GET")).status;
      await press("approve", shown);
      const placed = (await placedOrders.find(request)) === undefined ? "not placed" : "placed";
      answers.push(`${answer} ${placed}`);
    }
    const ended = end === "expired" ? "408 not placed" : "410 not placed";
    expect(new Set(answers)).toEqual(new Set([ended, "201 placed"]));
    expect(answers.indexOf("201 placed")).toBeLessThan(answers.length - 2);
    expect(lines.filter((line) => line.includes("Order placed"))).toHaveLength(
      answers.filter((answer) => answer === "201 placed").length,
    );
  },
);

describe("V55: whichever operation has failed,", () => {
  test.each([
    ["approve", "Approved", 201],
    ["decline", "Declined", 403],
  ])(
    "the page's %s is applied when the form is sent again or the page reloaded",
    async (decision, title, status) => {
      const { stores, shownPage, placedOrders, lines } = await kit();
      const results = [];
      for (let operations = 0; results.at(-1) !== 200; operations += 1) {
        const request = `request ${operations}`;
        const { press, load, call } = await shownPage(request);
        const shown = await load();
        stores.stopAfter(operations);
        results.push((await press(decision, shown)).statusCode);
        stores.start();
        if (results.at(-1) === 503) {
          let again = operations % 2 === 0 ? await press(decision, shown) : await load();
          // The page asks for a decision until one is recorded.
          if (again.body.includes("Approve this order?")) again = await press(decision, again);
          expect([operations, again.body]).toEqual([operations, expect.stringContaining(`<h1>${title}`)]);
        }
        expect((await press("approve", shown)).statusCode).toBe(400);
        expect([operations, (await call("GET")).status]).toEqual([operations, status]);
        expect(await placedOrders.find(request)).toEqual(
          decision === "approve" ? expect.objectContaining({ status: "placed" }) : undefined,
        );
      }
      expect(results).toEqual([...results.slice(1).fill(503), 200]);
      expect(results.length).toBeGreaterThan(4);
      expect(lines.filter((line) => line.includes("Order placed"))).toHaveLength(
        decision === "approve" ? results.length : 0,
      );
    },
  );
});
