import { z } from "zod";

/** Figures of the whole report. Money in US dollars. */
export const summarySchema = z.object({ total_cost: z.number(), expected_delivery: z.string().optional() });

/** One purchase recommended by the market analysis. `unit_price` is absent for a quantity of 0. */
export const recommendationSchema = z.object({
  item: z.string(),
  quantity: z.number(),
  unit_price: z.number().optional(),
  lead_time: z.string(),
  total: z.number(),
});
export type Recommendation = z.infer<typeof recommendationSchema>;

/** Rationale of one recommended step, in the agent's words. */
export const reasoningSchema = z.object({ decision: z.string(), agent: z.string(), rationale: z.string() });
export type Reasoning = z.infer<typeof reasoningSchema>;

/**
 * Response of `GET /optimization/results/{id}` once the run is completed, or has failed only at its
 * second hop.
 */
export const resultsSchema = z.object({
  request_id: z.string(),
  /** Absent if no agent states figures. */
  summary: summarySchema.optional(),
  /** Empty if no agent states figures. */
  recommendations: z.array(recommendationSchema),
  reasoning: z.array(reasoningSchema),
  /** ISO 8601, UTC: when the run ended. */
  completed_at: z.string(),
});
export type Results = z.infer<typeof resultsSchema>;
