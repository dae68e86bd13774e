import { AAuthVerificationError, draft11, type Requirement, StoreFullError } from "aauth";
import { formatAgentAuth } from "aauth/february-2026";
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type LevelLimits, sendAnswer, serveEndpoints } from "fastify-aauth";
import { z } from "zod";
import { OrderRefused, priceOrder } from "../domain/order.ts";
import type { Interactions } from "../interaction/interactions.ts";
import type { HeldOrders } from "./held-orders.ts";
import { confirm, type PlacedOrders, requestName } from "./placed-orders.ts";

const orderSchema = z.strictObject({
  order_id: z.string().min(1).max(100),
  model: z.string().min(1).max(100),
  quantity: z.int().min(1).max(10_000),
});
/** In February the order names its approver; in draft -11 a token does. */
const februarySchema = orderSchema.extend({ approver: z.string().min(1).max(200) });
const draft11Schema = orderSchema.extend({
  agent_provider: z.string().max(300).refine(draft11.documents.isIdentifier).optional(),
});

const PER_MINUTE = 100;
/**
 * Orders per minute of one owner's agents (`ownerOf`), including their delegates and users; in
 * draft -11, of one person. Each is remembered for the ten minutes that a person may take, which
 * together equal an owner's quota.
 */
const LIMITS: LevelLimits = { identified: PER_MINUTE };
const DRAFT_11_LIMITS: LevelLimits = {
  "agent-token": PER_MINUTE,
  "person-token": PER_MINUTE,
  "auth-token": PER_MINUTE,
};

/** Orders are short, and stored whole while a person decides. */
const MAX_ORDER_BYTES = 4_096;

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
      const wanted = orderIn(request, februarySchema);
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
    { config: { aauth: requirement, aauthLimits: DRAFT_11_LIMITS }, bodyLimit: MAX_ORDER_BYTES },
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
      const { agent_provider: provider, ...wanted } = orderIn(request, draft11Schema);
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

/** The body is not an order. */
class InvalidOrder extends Error {}

/** @throws InvalidOrder */
function orderIn<Schema extends z.ZodType>({ body }: FastifyRequest, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new InvalidOrder(z.prettifyError(parsed.error));
  return parsed.data;
}

function refuseOrder(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof InvalidOrder) return refuse(reply, 400, "invalid_order", error.message);
  if (error instanceof OrderRefused) return refuse(reply, 422, "order_refused", error.message);
  if (error instanceof StoreFullError) return refuse(reply, 503, error.code, error.message);
  throw error;
}

function refuse(reply: FastifyReply, status: number, error: string, detail: string): FastifyReply {
  return noStore(reply).code(status).send({ error, detail });
}

function noStore(reply: FastifyReply): FastifyReply {
  return reply.header("cache-control", "no-store");
}
