import { z } from "zod";
import { failureSchema, hopSchema } from "./failure.ts";

/** The supply-chain agent's offers, and the level at which it identified the backend. */
export const catalogueSchema = z.object({
  level: z.enum(["pseudonymous", "identified", "authorized", "agent-token", "person-token", "auth-token"]),
  laptops: z.array(z.object({ model: z.string(), vendor: z.string(), unitPrice: z.number() })),
});
export type Catalogue = z.infer<typeof catalogueSchema>;

/** The largest order that the backend and the supply-chain agent accept. */
export const MAX_ORDER_QUANTITY = 10_000;

/** Body of `POST /orders`. */
export const orderRequestSchema = z.object({
  model: z.string().min(1).max(100),
  quantity: z.int().min(1).max(MAX_ORDER_QUANTITY),
});
export type OrderRequest = z.infer<typeof orderRequestSchema>;

/**
 * An order of the signed-in user. `interaction_required`: the supply-chain agent needs the user's
 * approval on its own page; send the browser to `interaction_url` within ten minutes.
 */
export const orderSchema = z.object({
  order_id: z.string(),
  model: z.string(),
  quantity: z.number(),
  status: z.enum(["placing", "interaction_required", "placed", "declined", "failed"]),
  interaction_url: z.string().optional(),
  /**
   * The party whose page it is, in draft -11, where other parties may ask first. Default: the
   * supply-chain agent.
   */
  interaction_party: hopSchema.optional(),
  total: z.number().optional(),
  /** The user as identified to the supply-chain agent by the auth server. */
  approved_by: z
    .object({ sub: z.string(), name: z.string().optional(), email: z.string().optional() })
    .optional(),
  failure: failureSchema.optional(),
});
export type Order = z.infer<typeof orderSchema>;
