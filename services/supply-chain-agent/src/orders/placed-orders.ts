import { hash } from "node:crypto";
import type { Stores } from "aauth";
import type { Order } from "../domain/order.ts";
import type { Person } from "../interaction/interactions.ts";

/** An order that was executed, as its caller is answered. */
export type Confirmation = ReturnType<typeof confirm>;

/**
 * The table of executed orders, the same for all replicas. All methods reject with
 * StoreUnavailableError.
 */
export interface PlacedOrders {
  /** The confirmation of a request that was executed before. */
  find(request: string): Promise<Confirmation | undefined>;
  /**
   * Executes an order: once for each request.
   *
   * @param owner whose quota it counts against
   * @returns false where it was executed before
   * @throws StoreFullError
   */
  place(request: string, confirmation: Confirmation, owner: string): Promise<boolean>;
}

/** How long a caller that repeats an order gets the first answer again. */
const KEPT_SECONDS = 86_400;
/** One owner alone finds room for a hundred a minute. */
const MAX_ORDERS = 500_000;

export function createPlacedOrders(stores: Stores): PlacedOrders {
  const orders = stores.records<Confirmation>("placed orders", { maxEntries: MAX_ORDERS });
  return {
    find: async (request) => orders.get(request),
    place: async (request, confirmation, owner) =>
      orders.putIfAbsent(request, confirmation, { owner, ttlSeconds: KEPT_SECONDS }),
  };
}

/**
 * Names a request among placed orders, for `find` and `place`.
 *
 * @param caller what the caller is known by; another caller has its own orders
 * @param body bytes of the order, with its `order_id`
 */
export function requestName(caller: readonly (string | undefined)[], body: Uint8Array): string {
  const parts = JSON.stringify([...caller.map((part) => part ?? null), hash("sha256", body, "base64url")]);
  return hash("sha256", parts, "base64url");
}

/** The confirmation of an order, as its caller gets it. */
export function confirm(order: Order, person: Person | undefined) {
  const { order_id, model, quantity, vendor, total } = order;
  const approved_by = {
    sub: person?.subject,
    ...(person?.name !== undefined && { name: person.name }),
    ...(person?.email !== undefined && { email: person.email }),
  };
  return { status: "placed", order_id, model, quantity, vendor, total, approved_by };
}
