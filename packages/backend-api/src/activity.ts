import { z } from "zod";

/**
 * User, audience, scope and chain in the published demo's terms, always all four. `aud` and `scope`
 * are those of the auth token once the backend holds one; before that (and in signature-only mode)
 * they are the constants `a2a-agent` and `supply-chain:optimize`. {@link activityTokenSchema} has
 * the auth token's actual contents.
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

/**
 * Claims of the auth token that the backend held when it recorded this. Every member is absent for
 * a cached token of an earlier run, whose contents are unknown.
 */
export const activityTokenSchema = z.object({
  /** The user who consented; absent if the agent acts for itself. */
  sub: z.string().optional(),
  aud: z.string().optional(),
  scope: z.string().optional(),
  /** Absent unless the token came from an exchange. */
  act: z.unknown().optional(),
});
export type ActivityToken = z.infer<typeof activityTokenSchema>;

/** Kind of activity: the whole task, or a protocol step. */
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
 * One entry of the activity feed. Activity 1 of a run is the task itself
 * (`supply_chain_optimization`), which changes from `running` to `completed` and then has the
 * agent's Markdown report in `details`.
 */
export const activitySchema = z.object({
  /** Counts from 1 within its run. */
  id: z.number().int(),
  request_id: z.string(),
  /** ISO 8601, UTC: time of recording, or of the task's start. */
  timestamp: z.string(),
  /** `a2a-supply-chain-agent`, or `backend` for a protocol step. */
  agent: z.string(),
  action: activityActionSchema,
  delegation: delegationSchema,
  /** Absent if no auth token has been received yet or none is needed. */
  auth_token: activityTokenSchema.optional(),
  /** Only for `token_received`: the token was received earlier and not requested now. */
  at_hand: z.literal(true).optional(),
  /** Only for the three steps with a token: it is a person token (draft -11), not an auth token. */
  person_token: z.literal(true).optional(),
  status: z.enum(["running", "completed", "failed"]),
  details: z.string(),
});
export type Activity = z.infer<typeof activitySchema>;

/** Response of `GET /agents/activities`: the caller's own activities, newest first. */
export const activityListSchema = z.array(activitySchema);
