import { AAuthVerificationError, StoreFullError } from "aauth";
import { formatAgentAuth } from "aauth/wire";
import type { FastifyBaseLogger, FastifyInstance, FastifyReply } from "fastify";
import type { LevelLimits } from "fastify-aauth";
import { z } from "zod";
import { OrderRefused, priceOrder } from "../domain/order.ts";
import type { Interaction, Interactions } from "../interaction/interactions.ts";

const orderSchema = z.strictObject({
  order_id: z.string().min(1).max(100),
  model: z.string().min(1).max(100),
  quantity: z.int().min(1).max(10_000),
  approver: z.string().min(1).max(200),
});

/**
 * Orders of the agents of one owner (`ownerOf`) in a minute, their delegates and users included. Each is remembered for the ten minutes that
 * a person may take, which is as many as an owner's quota.
 */
const LIMITS: LevelLimits = { identified: 100 };

/** An order is a few words; the whole of it is remembered while a person looks at it. */
const MAX_ORDER_BYTES = 4_096;

/**
 * `POST /orders`: an order is placed with the approval of the person it names, given on this agent's own page. The first request gets
 * a 401 with the address of that page; the same request by the same agent and key, after the interaction, places it.
 */
export async function orderRoutes(
  app: FastifyInstance,
  options: { id: string; interactions: Interactions; log: FastifyBaseLogger },
): Promise<void> {
  const { id, interactions, log } = options;

  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof OrderRefused) return refuse(reply, 422, "order_refused", error.message);
    if (error instanceof StoreFullError) return refuse(reply, 503, error.code, error.message);
    throw error;
  });
  app.post(
    "/orders",
    { config: { aauth: { level: "identified" }, aauthLimits: LIMITS }, bodyLimit: MAX_ORDER_BYTES },
    async (request, reply) => {
      const { caller, rawBody, method } = request;
      if (caller?.agent === undefined || rawBody === null) {
        throw new AAuthVerificationError("identity_required", "the verifier identified no caller");
      }
      const parsed = orderSchema.safeParse(request.body);
      if (!parsed.success) return refuse(reply, 400, "invalid_order", z.prettifyError(parsed.error));
      const { agent, delegate, person, thumbprint } = caller;
      if (person !== undefined && person.sub !== parsed.data.approver) {
        return refuse(reply, 403, "wrong_approver", "The auth token is for another user than the approver");
      }
      const order = priceOrder(parsed.data);
      const asker = {
        agent,
        ...(delegate !== undefined && { agentDelegate: delegate }),
        thumbprint,
        method,
        url: request.raw.url ?? "",
        body: rawBody,
      };
      const decided = interactions.takeDecision(asker);
      if (decided?.decision === "approved") {
        log.info({ agent, total: order.total }, "✅ Order placed, approved by a person");
        return noStore(reply).code(201).send(placed(decided));
      }
      if (decided !== undefined) return refuse(reply, 403, "order_declined", "The person declined the order");

      const session = interactions.open(asker, order).id;
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

function placed({ order, person }: Interaction) {
  const { order_id, model, quantity, vendor, total } = order;
  const approved_by = {
    sub: person?.subject,
    ...(person?.name !== undefined && { name: person.name }),
    ...(person?.email !== undefined && { email: person.email }),
  };
  return { status: "placed", order_id, model, quantity, vendor, total, approved_by };
}

function refuse(reply: FastifyReply, status: number, error: string, detail: string): FastifyReply {
  return noStore(reply).code(status).send({ error, detail });
}

function noStore(reply: FastifyReply): FastifyReply {
  return reply.header("cache-control", "no-store");
}
