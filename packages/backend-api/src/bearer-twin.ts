import { z } from "zod";

/**
 * One complete request to the bearer twin with its response. The token is random and valid nowhere
 * else.
 */
export const bearerExchangeSchema = z.object({
  /** Party that sent it: the `agent`, a `thief`, or the `network`, which changed or repeated it. */
  sender: z.enum(["agent", "thief", "network"]),
  request: z.object({
    method: z.enum(["GET", "POST"]),
    url: z.url(),
    headers: z.record(z.string(), z.string()),
    body: z.string().optional(),
  }),
  response: z.object({ status: z.number().int(), body: z.string() }),
});
export type BearerExchange = z.infer<typeof bearerExchangeSchema>;

/** Outcome of the attack on a service that accepts bearer tokens. */
export const bearerSideSchema = z.object({
  /** Whether the attack succeeded. A bearer token cannot prevent it. */
  succeeded: z.boolean(),
  /** HTTP status of the last response. */
  status: z.number().int(),
  /** In the order in which they were sent. The last one is the attack. */
  exchanges: z.array(bearerExchangeSchema),
});
export type BearerSide = z.infer<typeof bearerSideSchema>;
