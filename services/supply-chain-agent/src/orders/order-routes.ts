import { draft11, type Requirement } from "aauth";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { type LevelLimits, sendAnswer, serveEndpoints } from "fastify-aauth";
import { z } from "zod";
import { priceOrder } from "../domain/order.ts";
import type { HeldOrders } from "./held-orders.ts";
import {
  MAX_ORDER_BYTES,
  noStore,
  ORDERS_PER_MINUTE,
  orderIn,
  orderSchema,
  refuse,
  refuseOrder,
} from "./order-requests.ts";
import { type PlacedOrders, requestName } from "./placed-orders.ts";

/** A token names the approver. */
const schema = orderSchema.extend({
  agent_provider: z.string().max(300).refine(draft11.documents.isIdentifier).optional(),
});

const LIMITS: LevelLimits = {
  "agent-token": ORDERS_PER_MINUTE,
  "person-token": ORDERS_PER_MINUTE,
  "auth-token": ORDERS_PER_MINUTE,
};

/**
 * Orders in draft -11. The order is held and its caller receives a 202 with a code for the page.
 * The person in the caller's token decides there, while the caller polls for the answer (draft -11,
 * sections 6.2 and 11.8). The approval executes the order.
 */
export async function draft11OrderRoutes(
  app: FastifyInstance,
  options: {
    /** Requirement for a task. */
    requirement: Requirement;
    /**
     * Person server whose users can sign in to the page. Undefined if callers present no person, in
     * which case all orders are refused.
     */
    personServer: string | undefined;
    orders: HeldOrders;
    placedOrders: PlacedOrders;
    log: FastifyBaseLogger;
  },
): Promise<void> {
  const { requirement, personServer, orders, placedOrders, log } = options;

  app.setErrorHandler(refuseOrder);
  await serveEndpoints(app, [orders.endpoint]);
  app.post(
    "/orders",
    { config: { aauth: requirement, aauthLimits: LIMITS }, bodyLimit: MAX_ORDER_BYTES },
    async (request, reply) => {
      const { caller, rawBody } = request;
      if (caller?.person === undefined || rawBody === null) {
        const detail = "An order needs a person's approval, but the caller has not presented a person";
        return refuse(reply, 403, "person_required", detail);
      }
      const { person, grant } = caller;
      if ((grant?.claims.ps ?? person.iss) !== personServer) {
        const detail = "Users of this person server cannot sign in here";
        return refuse(reply, 403, "wrong_approver", detail);
      }
      const { agent_provider: provider, ...wanted } = orderIn(request, schema);
      const order = priceOrder({ ...wanted, approver: person.sub });
      // The token names no agent, so the key distinguishes it from the person's other agents.
      const name = requestName([caller.thumbprint, person.iss, person.sub], rawBody);
      const placed = await placedOrders.find(name);
      if (placed !== undefined) return noStore(reply).code(201).send(placed); // hole V52
      const answer = await orders.hold(caller, { order, provider, request: name });
      log.info({ total: order.total }, "🔐 Returning 202 with AAuth-Requirement header: interaction");
      return sendAnswer(reply, answer);
    },
  );
}
