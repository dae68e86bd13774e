import { z } from "zod";

/**
 * User, audience and scope in the words of the demo: always all four. `aud` and `scope` are those
 * of the auth token once the backend holds one; before that (and in signature-only mode) they are
 * the demo's fixed words `a2a-agent` and `supply-chain:optimize`. What an auth token really
 * contains is in {@link activityTokenSchema}.
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
 * Claims of the auth token that the backend held when it noted this. Of a cached token of an
 * earlier run, of which nothing more is known, every member is absent.
 */
export const activityTokenSchema = z.object({
  /** The user who consented; absent where the agent acts for itself. */
  sub: z.string().optional(),
  aud: z.string().optional(),
  scope: z.string().optional(),
  /** Absent unless the token came from an exchange. */
  act: z.unknown().optional(),
});
export type ActivityToken = z.infer<typeof activityTokenSchema>;

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
 * One line of the activity feed. Activity 1 of a run is the task itself
 * (`supply_chain_optimization`): it changes from `running` to `completed`, and its `details` then
 * hold the agent's Markdown report.
 */
export const activitySchema = z.object({
  /** Counts from 1 within its run. */
  id: z.number().int(),
  request_id: z.string(),
  /** ISO 8601, UTC: when it was noted; of the task, when it began. */
  timestamp: z.string(),
  /** `a2a-supply-chain-agent`, or `backend` for a protocol step. */
  agent: z.string(),
  action: activityActionSchema,
  delegation: delegationSchema,
  /**
   * Absent where no auth token has been received: before there is one, and where none is needed.
   */
  auth_token: activityTokenSchema.optional(),
  /** Only of `token_received`: the token was not asked for now, it had been received before. */
  at_hand: z.literal(true).optional(),
  /** Only of the three steps with a token: it is a person token (draft -11), no auth token. */
  person_token: z.literal(true).optional(),
  status: z.enum(["running", "completed", "failed"]),
  details: z.string(),
});
export type Activity = z.infer<typeof activitySchema>;

/** Response of `GET /agents/activities`: the caller's own activities, newest first. */
export const activityListSchema = z.array(activitySchema);
