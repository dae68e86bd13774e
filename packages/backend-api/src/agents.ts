import { z } from "zod";
import { failureSchema } from "./failure.ts";

/**
 * An agent on the dashboard. Only `supply-chain-optimizer` is real; the other five are
 * placeholders.
 */
export const agentStatusSchema = z.object({
  agent_id: z.string(),
  status: z.enum(["idle", "active"]),
  /** ISO 8601, UTC; null if it has not worked for this user. */
  last_activity: z.string().nullable(),
  current_task: z.string().nullable(),
});
export type AgentStatus = z.infer<typeof agentStatusSchema>;

/** Response of `GET /agents/status`. */
export const agentStatusListSchema = z.array(agentStatusSchema);

/**
 * Response of `GET /optimization/test-a2a-connection`: one signed request for the agent's card.
 * Starts no run.
 */
export const connectionTestSchema = z.object({
  status: z.enum(["connected", "failed"]),
  agent_url: z.string(),
  /** `name` and `protocolVersion` of the agent card. */
  agent_name: z.string().optional(),
  protocol_version: z.string().optional(),
  failure: failureSchema.optional(),
});
export type ConnectionTest = z.infer<typeof connectionTestSchema>;
