import type { OpenedRequest } from "aauth/resource";
import type { Order } from "../domain/order.ts";

/** Data of a held request. */
export interface Held {
  readonly order: Order;
  /** Identifies the request among placed orders. */
  readonly request: string;
  /** Agent provider named in the order, because tokens that name a person do not name an agent. */
  readonly provider?: string | undefined;
}

/** An order held until its person decides. */
export type HeldOrder = OpenedRequest<Held>;
