import type { Store } from "../../components/stored.ts";

/** sessionStorage name of the order that the user returned from; empty where no order matched. */
const NAME = "order_return";
/** sessionStorage name of the order whose page the browser last went to. */
const LEFT_FOR = "order_left_for";

/** The outcome that the browser brought back from the supply-chain agent's page. */
export type OrderReturn = { kind: "none" } | { kind: "order"; orderId: string } | { kind: "unknown" };

/**
 * Stores the outcome that the backend put into the page's query. Stored first and read later,
 * because the user may have to sign in again in between.
 *
 * @returns whether the query was such an outcome, and hence should leave the address bar.
 */
export function noteOrderReturn(search: string, store: Store): boolean {
  const query = new URLSearchParams(search);
  const orderId = query.get("order") ?? "";
  if (orderId === "" && !query.has("order_error")) return false;
  store.setItem(NAME, orderId);
  return true;
}

/**
 * Reads the stored outcome without removing it: call {@link forgetOrderReturn} once it is on the
 * page.
 */
export function readOrderReturn(store: Store): OrderReturn {
  const orderId = store.getItem(NAME);
  if (orderId === null) return { kind: "none" };
  return orderId === "" ? { kind: "unknown" } : { kind: "order", orderId };
}

/** Whether the browser comes back from the page of an order, with or without a decision. */
export function isOrderReturn(store: Store): boolean {
  return readOrderReturn(store).kind !== "none" || readLeftOrder(store) !== undefined;
}

/** Also forgets the order whose page the browser went to. */
export function forgetOrderReturn(store: Store): void {
  store.removeItem(NAME);
  store.removeItem(LEFT_FOR);
}

/**
 * Called before the browser goes to the agent's page, because its Back button brings no outcome.
 */
export function keepLeftOrder(orderId: string, store: Store): void {
  store.setItem(LEFT_FOR, orderId);
}

export function readLeftOrder(store: Store): string | undefined {
  return store.getItem(LEFT_FOR) ?? undefined;
}
