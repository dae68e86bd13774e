import { StoreFullError } from "aauth";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { OrderRefused } from "../domain/order.ts";

/** Members of an order in every profile. */
export const orderSchema = z.strictObject({
  order_id: z.string().min(1).max(100),
  model: z.string().min(1).max(100),
  quantity: z.int().min(1).max(10_000),
});

/**
 * Orders per minute of one owner's agents (`ownerOf`), including their delegates and users, or of
 * one person. Each is remembered for the ten minutes that a person may take, which together equal
 * an owner's quota.
 */
export const ORDERS_PER_MINUTE = 100;

/** Orders are short, and stored whole while a person decides. */
export const MAX_ORDER_BYTES = 4_096;

/** The body is not an order. */
class InvalidOrder extends Error {}

/** @throws InvalidOrder */
export function orderIn<Schema extends z.ZodType>(
  { body }: FastifyRequest,
  schema: Schema,
): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new InvalidOrder(z.prettifyError(parsed.error));
  return parsed.data;
}

export function refuseOrder(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof InvalidOrder) return refuse(reply, 400, "invalid_order", error.message);
  if (error instanceof OrderRefused) return refuse(reply, 422, "order_refused", error.message);
  if (error instanceof StoreFullError) return refuse(reply, 503, error.code, error.message);
  throw error;
}

export function refuse(reply: FastifyReply, status: number, error: string, detail: string): FastifyReply {
  return noStore(reply).code(status).send({ error, detail });
}

export function noStore(reply: FastifyReply): FastifyReply {
  return reply.header("cache-control", "no-store");
}
