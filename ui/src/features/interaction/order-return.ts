type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** sessionStorage name of the order that the person has come back for. */
const NAME = "aauth_order_return";

/** sessionStorage name of the order that the browser last left for. */
const LEFT_FOR = "aauth_order_left_for";

/** What the person has come back with from the supply-chain agent's page. */
export type OrderReturn = { kind: "none" } | { kind: "order"; orderId: string } | { kind: "unknown" };

/**
 * Notes the outcome that the backend put into the page's query. Noted first and read later, because the person may have to sign in
 * again in between.
 *
 * @returns whether the query was such an outcome, and hence should leave the address bar.
 */
export function noteOrderReturn(search: string, store: Store): boolean {
  const query = new URLSearchParams(search);
  const orderId = query.get("order");
  if (orderId) store.setItem(NAME, JSON.stringify({ orderId }));
  else if (query.has("order_error")) store.setItem(NAME, JSON.stringify({}));
  else return false;
  return true;
}

/** Reads the noted outcome and leaves it there: call {@link forgetOrderReturn} once it is on the page. */
export function readOrderReturn(store: Store): OrderReturn {
  try {
    const noted: unknown = JSON.parse(store.getItem(NAME) ?? "null");
    if (noted === null || typeof noted !== "object") return { kind: "none" };
    const { orderId } = noted as { orderId?: unknown };
    return typeof orderId === "string" ? { kind: "order", orderId } : { kind: "unknown" };
  } catch {
    return { kind: "none" };
  }
}

/** Forgets the order that the browser left for, too. */
export function forgetOrderReturn(store: Store): void {
  store.removeItem(NAME);
  store.removeItem(LEFT_FOR);
}

/** Before the browser leaves for the agent's page: who comes back by its Back button brings no outcome. */
export function keepLeftOrder(orderId: string, store: Store): void {
  store.setItem(LEFT_FOR, orderId);
}

export function readLeftOrder(store: Store): string | undefined {
  return store.getItem(LEFT_FOR) ?? undefined;
}
