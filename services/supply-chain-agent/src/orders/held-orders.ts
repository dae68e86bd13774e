import type { ProvenCaller, Stores } from "aauth";
import type { Answer, Endpoint, Resource } from "aauth/resource";
import { digestOf } from "agent-kit/service";
import type { FastifyBaseLogger } from "fastify";
import type { Decision, Interaction, Interactions, Person } from "../interaction/interactions.ts";
import type { Held, HeldOrder } from "./held-order.ts";
import { confirm, type PlacedOrders } from "./placed-orders.ts";

/**
 * Deferred orders of draft -11. The caller receives a 202 with a code for the person, and polls a
 * URL.
 */
export interface HeldOrders {
  /** Holds an order and returns the 202. @throws StoreFullError */
  hold(caller: ProvenCaller, held: Held): Promise<Answer>;
  /**
   * Begins the interaction of a code, or finds it if already begun. Undefined for any other code.
   *
   * @param from address of the browser
   * @throws TooManyCodesError
   */
  enter(code: string, from: string): Promise<Interaction | undefined>;
  /**
   * URL that the browser may return to; undefined for one that no party of the request has
   * published.
   */
  returnUrl(held: HeldOrder, callback: string): Promise<string | undefined>;
  /**
   * Executes or refuses the order, which answers its caller: once, and only while the caller waits;
   * false afterwards. If it fails, the same decision can be repeated.
   *
   * @throws StoreFullError
   */
  settle(held: HeldOrder, decision: Decision, person: Person | undefined): Promise<boolean>;
  /** Endpoint that callers poll. */
  readonly endpoint: Endpoint;
}

/** Too many wrong codes from one network address. */
export class TooManyCodesError extends Error {
  override readonly name = "TooManyCodesError";
}

const PENDING_PATH = "/orders/pending/";
const POLL_SECONDS = 1;

export function createHeldOrders(options: {
  readonly resource: Resource;
  /** Path of the page. */
  readonly path: string;
  readonly interactions: Interactions;
  readonly placedOrders: PlacedOrders;
  readonly stores: Stores;
  readonly log: FastifyBaseLogger;
  /** Seconds an order waits for its person. */
  readonly lifetimeSeconds: number;
  /** Unix seconds. */
  readonly now: () => number;
}): HeldOrders {
  const { resource, path, interactions, placedOrders, stores, log, lifetimeSeconds, now } = options;
  const deferred = resource.deferred<Held>({
    path: PENDING_PATH,
    interactionUrl: `${resource.id}${path}`,
    lifetimeSeconds,
    retryAfterSeconds: POLL_SECONDS,
    async carryOut({ owner, data: { order, request } }, answer) {
      // An agent that lost its answer may have ordered twice; the second approval places nothing.
      const isFirst = await placedOrders.place(request, JSON.parse(answer.body), owner);
      if (!isFirst) return { ...answer, body: JSON.stringify(await placedOrders.find(request)) };
      log.info({ total: order.total }, "✅ Order placed, approved by a person");
      return answer;
    },
  });
  /** Interaction ids by code, for a browser that returns to its page. */
  const entered = stores.records<string>("interactions by code");

  return {
    endpoint: deferred.endpoint,
    hold: async (caller, data) => (await deferred.begin(caller, { requirement: "interaction", data })).answer,
    async enter(code, from) {
      const name = digestOf(code);
      const begun = await entered.get(name);
      if (begun !== undefined) return interactions.find(begun);
      const held = await deferred.open(code, from);
      if (held === "too_many_codes") throw new TooManyCodesError("too many wrong codes from one address");
      if (typeof held === "string") return undefined;
      const { owner, expiresAt, data } = held;
      const interaction = await interactions.begin({ owner, by: { held }, order: data.order, expiresAt });
      await entered.put(name, interaction.id, { owner, ttlSeconds: expiresAt - now() });
      return interaction;
    },
    returnUrl: ({ personServer, data: { provider } }, callback) =>
      deferred.returnUrl({ personServer, provider }, callback),
    async settle({ id, data: { order } }, decision, person) {
      if (decision === "declined") return deferred.fail(id, "denied", "The person declined the order");
      return deferred.finish(id, {
        status: 201,
        headers: { "content-type": "application/json", "cache-control": "no-store" },
        body: JSON.stringify(confirm(order, person)),
      });
    },
  };
}
