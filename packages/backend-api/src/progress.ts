import { z } from "zod";
import { activitySchema } from "./activity.ts";
import { grantedConsentSchema } from "./consent.ts";
import { failureSchema } from "./failure.ts";

/**
 * `completed` and `failed` are final; the others may still change. A run whose second hop failed is
 * `failed`, and has results.
 */
export const runStatusSchema = z.enum(["pending", "running", "awaiting_consent", "completed", "failed"]);
export type RunStatus = z.infer<typeof runStatusSchema>;

/** Response of `GET /optimization/progress/{id}`, and `data` of every progress event. */
export const progressSchema = z.object({
  request_id: z.string(),
  /**
   * What the run was started with: the user's own words, or the text that was made of the other
   * members. At most 200 characters of it in a list. Always present; absent only from an earlier
   * version.
   */
  prompt: z.string().optional(),
  status: runStatusSchema,
  /** 0 to 100. */
  progress_percentage: z.number().min(0).max(100),
  current_step: z.string(),
  /** ISO 8601, UTC; always null: unknown. */
  estimated_completion: z.string().nullable(),
  activities: z.array(activitySchema),
  /** ISO 8601, UTC. */
  started_at: z.string().optional(),
  /**
   * ISO 8601, UTC: when it was completed, or failed. The time between, a wait for consent included,
   * is how long it took.
   */
  ended_at: z.string().optional(),
  /** Only while `awaiting_consent`: where to send the browser. */
  consent_url: z.string().optional(),
  /**
   * Beside it, where the page is that of a party of draft -11, which may be anywhere: its
   * identifier, to be shown before the user goes there. Absent: the page is the auth server's.
   */
  consent_party: z.string().optional(),
  /** Once the user has consented to this run. */
  consent: grantedConsentSchema.optional(),
  /** Only when `failed`. */
  failure: failureSchema.optional(),
});
export type Progress = z.infer<typeof progressSchema>;

/**
 * Response of `GET /optimization/all`: the caller's own runs, newest first, each with the beginning
 * of its `prompt`.
 */
export const progressListSchema = z.array(progressSchema);

/**
 * One event of `GET /optimization/progress/{id}/events` (`text/event-stream`).
 *
 * The stream opens with the present state, sends the whole state again after every change, and
 * closes after the one that is `completed` or `failed`. A reader that reconnects has therefore
 * missed nothing. Comment lines (`: heartbeat`) keep the connection alive. On the wire:
 *
 * ```
 * event: progress
 * data: {"request_id":"…","status":"running",…}
 * ```
 */
export const progressEventSchema = z.object({ event: z.literal("progress"), data: progressSchema });
