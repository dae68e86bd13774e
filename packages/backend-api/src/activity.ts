import { z } from "zod";

/**
 * On whose behalf, to whom and for what. `aud` and `scope` are those of the auth token once the backend holds
 * one; before that (and in signature-only mode) they are the demo's fixed words `a2a-agent` and `supply-chain:optimize`.
 */
export const delegationSchema = z.object({
  /** The user who started the run. */
  sub: z.string(),
  aud: z.string(),
  scope: z.string(),
  /** The auth token's `act` claim: null unless the token came from an exchange. */
  act: z.unknown().nullable(),
});
export type Delegation = z.infer<typeof delegationSchema>;

/** What the backend noted: the whole task first, then one entry per protocol step. */
export const activityActionSchema = z.enum([
  "supply_chain_optimization",
  "request_signed",
  "challenge_received",
  "token_requested",
  "token_received",
  "request_retried",
  "response_received",
  "consent_required",
  "consent_received",
]);
export type ActivityAction = z.infer<typeof activityActionSchema>;

/**
 * One line of the activity feed. Activity 1 of a run is the task itself (`supply_chain_optimization`): it changes
 * from `running` to `completed`, and its `details` then hold the agent's Markdown report.
 */
export const activitySchema = z.object({
  /** Counts from 1 within its run. */
  id: z.number().int(),
  request_id: z.string(),
  /** ISO 8601, UTC. */
  timestamp: z.string(),
  /** `a2a-supply-chain-agent`, or `backend` for a protocol step. */
  agent: z.string(),
  action: activityActionSchema,
  delegation: delegationSchema,
  status: z.enum(["running", "completed", "failed"]),
  details: z.string(),
});
export type Activity = z.infer<typeof activitySchema>;

/** Answer of `GET /agents/activities`: the caller's own activities, newest first. */
export const activityListSchema = z.array(activitySchema);
