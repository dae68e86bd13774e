/** A decision of draft -11 is accepted once, while its caller waits for it. */
import { AAuthError, createMemoryStores } from "aauth";
import { createTestClock } from "aauth/testing";
import Fastify from "fastify";
import { expect, test } from "vitest";
import { draft11Wire } from "../../src/interaction/draft-11-wire.ts";
import { interactionRoutes } from "../../src/interaction/interaction-routes.ts";
import { createInteractions, type Interaction } from "../../src/interaction/interactions.ts";
import type { HeldOrders } from "../../src/orders/held-orders.ts";

const PAGE = "/orders/interaction";
const BACK = "https://app.example/back";
const ORDER = { order_id: "o", model: "m", quantity: 1, vendor: "v", total: 1, approver: "anna" };

/** The page of an order whose person is there. @param waits whether its caller still waits */
async function shownPage(waits: boolean) {
  const clock = createTestClock();
  const interactions = createInteractions(createMemoryStores(clock), clock.now);
  const decisions: unknown[] = [];
  const orders = {
    enter: async () => interaction,
    returnUrl: async (_held: unknown, callback: string) => callback,
    // Like the engine of deferred requests: once.
    async settle(_held: unknown, decision: unknown) {
      return waits && decisions.push(decision) === 1;
    },
  } as unknown as HeldOrders;
  const log: string[] = [];
  const logger = { info: (_: unknown, line: string) => log.push(line), warn: () => {} } as never;
  const app = Fastify();
  await app.register(interactionRoutes, {
    wire: draft11Wire({ origin: "https://sca.example", orders, browserUrl: (url) => url }),
    interactions,
    identify: {
      begin: async () => "https://auth.example/",
      takeSignIn: async () => ({ interactionId: interaction.id }) as never,
      async finish({ searchParams }) {
        if (!searchParams.has("code")) throw new AAuthError("token_request_failed", "no person");
        return { subject: "anna" };
      },
    },
    log: logger,
  });
  const held = { data: { order: ORDER }, personServer: "https://ps.example" } as never;
  const interaction: Interaction = await interactions.begin({
    owner: "anna",
    by: { held },
    order: ORDER,
    expiresAt: clock.now() + 600,
  });
  const first = await app.inject(`${PAGE}?code=c&callback=${BACK}`);
  const headers = { cookie: String(first.headers["set-cookie"]).split(";")[0]! };
  const refused = await app.inject({ url: `${PAGE}/callback?state=s&error=server_error`, headers });
  const back = await app.inject({ url: `${PAGE}/callback?state=s&code=c`, headers });
  const page = await app.inject({ url: String(back.headers.location), headers });
  const field = (name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(page.body)?.[1] ?? "";
  const form = { session: field("session"), form_token: field("form_token"), decision: "approve" };
  const approve = () =>
    app.inject({
      method: "POST",
      url: `${PAGE}/decision`,
      payload: new URLSearchParams(form).toString(),
      headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
    });
  return { app, headers, approve, decisions, log, refused };
}

test("eight at once are one", async () => {
  const { approve, decisions, log } = await shownPage(true);
  const answers = await Promise.all(Array.from({ length: 8 }, approve));
  expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...Array(7).fill(400)]);
  expect(new Set(decisions)).toEqual(new Set(["approved"]));
  expect(log.filter((line) => line.includes("approved by the person"))).toHaveLength(1);
});

test("once it is made, a caller with the code alone does not learn where the browser went", async () => {
  const { app, headers, approve } = await shownPage(true);
  await approve();
  const other = await app.inject(`${PAGE}?code=c`);
  expect([other.statusCode, other.body]).toEqual([400, expect.not.stringContaining(BACK)]);
  expect((await app.inject({ url: `${PAGE}?code=c`, headers })).body).toContain(BACK);
});

test("a browser without a sign-in cannot decline", async () => {
  const { approve, decisions, refused } = await shownPage(true);
  expect([refused.statusCode, decisions]).toEqual([502, []]);
  expect((await approve()).statusCode).toBe(200);
});

test("for a caller that has withdrawn its order it places nothing, as the page states", async () => {
  const { approve, log } = await shownPage(false);
  const answer = await approve();
  expect([answer.statusCode, answer.body]).toEqual([400, expect.stringContaining("It has been decided")]);
  expect(answer.body).not.toContain("Approved");
  expect(log).toEqual([]);
});
