import type { Order } from "../domain/order.ts";
import type { Person } from "../interaction/interactions.ts";

/** The confirmation of an order, as its caller gets it. */
export function placed(order: Order, person: Person | undefined) {
  const { order_id, model, quantity, vendor, total } = order;
  const approved_by = {
    sub: person?.subject,
    ...(person?.name !== undefined && { name: person.name }),
    ...(person?.email !== undefined && { email: person.email }),
  };
  return { status: "placed", order_id, model, quantity, vendor, total, approved_by };
}
