import { z } from "zod";
import { failureSchema } from "./failure.ts";

/** What the supply-chain agent offers, and as what it knew the backend when it was asked. */
export const catalogueSchema = z.object({
  level: z.enum(["pseudonymous", "identified", "authorized"]),
  laptops: z.array(z.object({ model: z.string(), vendor: z.string(), unitPrice: z.number() })),
});
export type Catalogue = z.infer<typeof catalogueSchema>;

/** The largest order that the backend, and the supply-chain agent, take. */
export const MAX_ORDER_QUANTITY = 10_000;

/** Body of `POST /orders`. */
export const orderRequestSchema = z.object({
  model: z.string().min(1).max(100),
  quantity: z.int().min(1).max(MAX_ORDER_QUANTITY),
});
export type OrderRequest = z.infer<typeof orderRequestSchema>;

/**
 * An order of the signed-in user. `awaiting_person`: the supply-chain agent wants the user on its own page; send the browser to
 * `interaction_url`, within ten minutes.
 */
export const orderSchema = z.object({
  order_id: z.string(),
  model: z.string(),
  quantity: z.number(),
  status: z.enum(["placing", "awaiting_person", "placed", "declined", "failed"]),
  interaction_url: z.string().optional(),
  total: z.number().optional(),
  /** The person as the supply-chain agent knows them: it asked the auth server itself. */
  approved_by: z
    .object({ sub: z.string(), name: z.string().optional(), email: z.string().optional() })
    .optional(),
  failure: failureSchema.optional(),
});
export type Order = z.infer<typeof orderSchema>;
