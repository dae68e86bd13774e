import { BUSINESS_POLICIES } from "./business-policies.ts";
import { findLaptop } from "./catalogue.ts";

/** An order as requested by a caller. */
export interface OrderRequest {
  /** The caller's own id for the order. */
  readonly order_id: string;
  readonly model: string;
  readonly quantity: number;
  /** User id of the person who must approve it. */
  readonly approver: string;
}

/** An order with its price. */
export interface Order extends OrderRequest {
  readonly vendor: string;
  readonly total: number;
}

/** Reason why an order cannot be placed even with approval, as a sentence for the user. */
export class OrderRefused extends Error {
  override readonly name = "OrderRefused";
}

/**
 * @throws OrderRefused for a model that is not offered, or a total above the company's limit per
 * order.
 */
export function priceOrder(request: OrderRequest): Order {
  const laptop = findLaptop(request.model);
  if (laptop === undefined) throw new OrderRefused("The catalogue has no such model");
  const total = laptop.unitPrice * request.quantity;
  const { maxOrder } = BUSINESS_POLICIES;
  if (total > maxOrder)
    throw new OrderRefused(`An order may cost at most $${maxOrder}; this one costs $${total}`);
  return { ...request, vendor: laptop.vendor, total };
}
