import { z } from "zod";

/** Figures of the whole answer. Where the agent gave none: 0, or `TBD` for the delivery. Money in US dollars. */
export const summarySchema = z.object({
  total_cost: z.number(),
  expected_delivery: z.string(),
  cost_savings: z.number(),
  /** Percent. */
  efficiency: z.number(),
});
export type Summary = z.infer<typeof summarySchema>;

/** One recommendation of the agent, in its order. 0 and `TBD` as in the summary. */
export const recommendationSchema = z.object({
  item: z.string(),
  quantity: z.number(),
  unit_price: z.number(),
  supplier: z.string(),
  lead_time: z.string(),
  total: z.number(),
});
export type Recommendation = z.infer<typeof recommendationSchema>;

/** Why one recommendation was made, in the agent's words. */
export const reasoningSchema = z.object({ decision: z.string(), agent: z.string(), rationale: z.string() });
export type Reasoning = z.infer<typeof reasoningSchema>;

/** Answer of `GET /optimization/results/{id}` once the run is completed. */
export const resultsSchema = z.object({
  request_id: z.string(),
  summary: summarySchema,
  recommendations: z.array(recommendationSchema),
  reasoning: z.array(reasoningSchema),
  /** ISO 8601, UTC. */
  completed_at: z.string(),
});
export type Results = z.infer<typeof resultsSchema>;
