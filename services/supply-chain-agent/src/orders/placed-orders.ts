import { hash } from "node:crypto";
import type { Stores } from "aauth";
import type { Order } from "../domain/order.ts";
import type { Person } from "../interaction/interactions.ts";

/** The answer to the caller of an executed order. */
export type Confirmation = ReturnType<typeof confirm>;

/**
 * Table of executed orders, shared by all replicas. All methods reject with StoreUnavailableError.
 */
export interface PlacedOrders {
  /** Returns the confirmation of a previously executed request. */
  find(request: string): Promise<Confirmation | undefined>;
  /**
   * Executes an order, once per request.
   *
   * @param owner owner whose quota it counts against
   * @returns false if it was executed before
   * @throws StoreFullError
   */
  place(request: string, confirmation: Confirmation, owner: string): Promise<boolean>;
}

/** Seconds during which a repeated order receives the first answer. */
const KEPT_SECONDS = 86_400;
/** Leaves room for a hundred orders a minute from one owner. */
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
 * Derives the key of a request for `find` and `place`.
 *
 * @param caller identity of the caller, which separates callers' orders
 * @param body bytes of the order, with its `order_id`
 */
export function requestName(caller: readonly (string | undefined)[], body: Uint8Array): string {
  const parts = JSON.stringify([...caller.map((part) => part ?? null), hash("sha256", body, "base64url")]);
  return hash("sha256", parts, "base64url");
}

/** Builds the confirmation of an order for its caller. */
export function confirm(order: Order, person: Person | undefined) {
  const { order_id, model, quantity, vendor, total } = order;
  const approved_by = {
    sub: person?.subject,
    ...(person?.name !== undefined && { name: person.name }),
    ...(person?.email !== undefined && { email: person.email }),
  };
  return { status: "placed", order_id, model, quantity, vendor, total, approved_by };
}
