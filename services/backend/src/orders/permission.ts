/**
 * Permission for an order under the user's mission (draft -11, section 7.7), and the record of what
 * was done (section 7.8).
 *
 * @module
 */

import type { MissionAction, MissionControl } from "aauth/agent";
import type { Failure, Order, OrderRequest } from "backend-api";
import { oneLine } from "../failures/one-line.ts";
import type { OrderContext, StoredOrder } from "./order-attempt.ts";

const action = (parameters: OrderRequest & { readonly total: number }): MissionAction => ({
  action: "place_order",
  description: `Order ${parameters.quantity} × ${parameters.model}.`,
  parameters,
});

/**
 * Asks whether the user's mission covers an order. The answer is remembered, so that a repeated
 * order does not count twice.
 *
 * @param fetch reads the price
 * @returns why the order must not be placed; undefined if it may be
 */
export async function refusedOrder(
  { wire, client, orders }: Pick<OrderContext, "wire" | "client" | "orders">,
  { id, userId, order: { model, quantity }, isPermitted }: StoredOrder,
  { fetch, control }: { readonly fetch: typeof globalThis.fetch; readonly control: MissionControl },
): Promise<Failure | undefined> {
  if (wire.missions === undefined || isPermitted) return undefined;
  const { laptops } = await client.catalogue(fetch);
  const laptop = laptops.find((offered) => offered.model === model);
  // The supply-chain agent refuses an unknown model with its own words.
  if (laptop === undefined) return undefined;
  const total = laptop.unitPrice * quantity;
  const { isGranted, reason } = await wire.missions.ask(userId, action({ model, quantity, total }), control);
  if (!isGranted) return notCovered(reason); // hole W17
  await orders.update(id, (at) => ({ ...at, isPermitted: true }));
  return undefined;
}

const notCovered = (reason = "it gave no reason"): Failure => ({
  hop: "person-server",
  check: "policy",
  code: "permission_denied",
  section: "draft -11, section 7.7",
  message: `The order is not part of the mission: ${oneLine(reason)}.`,
  advice: "Order less, or end the mission on the person server's page and approve a larger budget.",
});

/** Records a placed order in the log of the user's mission. */
export async function recordOrder(
  { wire: { missions } }: Pick<OrderContext, "wire">,
  { userId }: Pick<StoredOrder, "userId">,
  { order_id, model, quantity, total = 0 }: Order,
  control: MissionControl,
): Promise<void> {
  if (missions === undefined) return;
  const done = { ...action({ model, quantity, total }), result: { order_id, status: "placed" } };
  await missions.during(userId, async () => {
    const mission = await missions.begin(userId, control);
    await mission.record(done, control);
  });
}
