import type { OpenedRequest } from "aauth/resource";
import type { Order } from "../domain/order.ts";

/** What is held of a request. */
export interface Held {
  readonly order: Order;
  /** Agent provider that the order names. The tokens of draft -11 that name a person name no agent. */
  readonly provider?: string | undefined;
}

/** An order that is held until its person has decided. */
export type HeldOrder = OpenedRequest<Held>;
