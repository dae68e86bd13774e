import { AAuthVerificationError } from "aauth";
import { formatAgentAuth } from "aauth/february-2026";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { LevelLimits } from "fastify-aauth";
import { z } from "zod";
import { priceOrder } from "../domain/order.ts";
import type { Interactions } from "../interaction/interactions.ts";
import {
  MAX_ORDER_BYTES,
  noStore,
  ORDERS_PER_MINUTE,
  orderIn,
  orderSchema,
  refuse,
  refuseOrder,
} from "../orders/order-requests.ts";
import { confirm, type PlacedOrders, requestName } from "../orders/placed-orders.ts";

/** The order names its approver. */
const schema = orderSchema.extend({ approver: z.string().min(1).max(200) });

const LIMITS: LevelLimits = { identified: ORDERS_PER_MINUTE };

/**
 * `POST /orders`: places an order after the person that it names has approved it on this agent's
 * own page. The first request is answered 401 with the URL of that page. After the interaction, the
 * same request by the same agent and key places the order. Later repetitions receive the same
 * answer.
 */
export async function orderRoutes(
  app: FastifyInstance,
  options: {
    id: string;
    interactions: Interactions;
    placedOrders: PlacedOrders;
    log: FastifyBaseLogger;
  },
): Promise<void> {
  const { id, interactions, placedOrders, log } = options;

  app.setErrorHandler(refuseOrder);
  app.post(
    "/orders",
    { config: { aauth: { level: "identified" }, aauthLimits: LIMITS }, bodyLimit: MAX_ORDER_BYTES },
    async (request, reply) => {
      const { caller, rawBody, method } = request;
      if (caller?.agent === undefined || rawBody === null) {
        throw new AAuthVerificationError("identity_required", "the verifier identified no caller");
      }
      const { agent, delegate, person, thumbprint } = caller;
      const wanted = orderIn(request, schema);
      if (person !== undefined && person.sub !== wanted.approver) {
        return refuse(reply, 403, "wrong_approver", "The auth token is for another user than the approver");
      }
      const order = priceOrder(wanted);
      const asker = {
        agent,
        ...(delegate !== undefined && { agentDelegate: delegate }),
        thumbprint,
        method,
        url: request.raw.url ?? "",
        body: rawBody,
      };
      // Excludes the key, which may have been rotated since.
      const name = requestName([agent, delegate], rawBody);
      const placed = await placedOrders.find(name);
      if (placed !== undefined) return noStore(reply).code(201).send(placed); // hole V51
      const decided = await interactions.decided(asker);
      if (decided?.decision === "approved") {
        const confirmation = confirm(decided.order, decided.person);
        if (await placedOrders.place(name, confirmation, decided.owner))
          log.info({ agent, total: order.total }, "✅ Order placed, approved by a person");
        await interactions.close(asker);
        return noStore(reply)
          .code(201)
          .send((await placedOrders.find(name)) ?? confirmation);
      }
      if (decided !== undefined && (await interactions.close(asker)))
        return refuse(reply, 403, "order_declined", "The person declined the order");

      const session = (await interactions.open(asker, order)).id;
      const url = new URL("/interaction", id);
      url.searchParams.set("session", session);
      log.info({ agent, total: order.total }, "🔐 Returning 401 with Agent-Auth header: user_interaction");
      return noStore(reply)
        .code(401)
        .header("agent-auth", formatAgentAuth({ level: "pseudonymous", userInteraction: url.href }))
        .send({ error: "user_interaction_required", detail: "A person must approve this order" });
    },
  );
}
