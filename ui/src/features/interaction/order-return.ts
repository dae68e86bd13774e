import type { Store } from "../../components/stored.ts";

/** sessionStorage name of the order that the user returned from; empty if no order matched. */
const NAME = "order_return";
/** sessionStorage name of the order whose page the browser last opened. */
const LEFT_FOR = "order_left_for";

/** The outcome with which the browser returned from the supply-chain agent's page. */
export type OrderReturn = { kind: "none" } | { kind: "order"; orderId: string } | { kind: "unknown" };

/**
 * Stores the outcome from the page's query. It is stored first and read later, because the user may
 * have to sign in again in between.
 *
 * @returns whether the query was such an outcome and should be removed from the address bar.
 */
export function noteOrderReturn(search: string, store: Store): boolean {
  const query = new URLSearchParams(search);
  const orderId = query.get("order") ?? "";
  if (orderId === "" && !query.has("order_error")) return false;
  store.setItem(NAME, orderId);
  return true;
}

/**
 * Reads the stored outcome without removing it; call {@link forgetOrderReturn} once it is shown.
 */
export function readOrderReturn(store: Store): OrderReturn {
  const orderId = store.getItem(NAME);
  if (orderId === null) return { kind: "none" };
  return orderId === "" ? { kind: "unknown" } : { kind: "order", orderId };
}

/** Whether the browser has returned from the page of an order, with or without a decision. */
export function isOrderReturn(store: Store): boolean {
  return readOrderReturn(store).kind !== "none" || readLeftOrder(store) !== undefined;
}

/** Also forgets the order whose page the browser went to. */
export function forgetOrderReturn(store: Store): void {
  store.removeItem(NAME);
  store.removeItem(LEFT_FOR);
}

/**
 * Records the order before the browser goes to the agent's page, because a return by the Back
 * button carries no outcome.
 */
export function keepLeftOrder(orderId: string, store: Store): void {
  store.setItem(LEFT_FOR, orderId);
}

export function readLeftOrder(store: Store): string | undefined {
  return store.getItem(LEFT_FOR) ?? undefined;
}
