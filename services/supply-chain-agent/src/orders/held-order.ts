import type { OpenedRequest } from "aauth/resource";
import type { Order } from "../domain/order.ts";

/** The part of a request that is held. */
export interface Held {
  readonly order: Order;
  /** Names the request among placed orders. */
  readonly request: string;
  /** Agent provider that the order names, because tokens that name a person name no agent. */
  readonly provider?: string | undefined;
}

/** An order that is held until its person has decided. */
export type HeldOrder = OpenedRequest<Held>;
