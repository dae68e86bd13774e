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
   * Prompt of the run: the user's own words, or text generated from the other members. At most 200
   * characters in a list. Absent only from earlier versions.
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
   * ISO 8601, UTC: time of completion or failure. The difference is the duration, including any
   * wait for consent.
   */
  ended_at: z.string().optional(),
  /** Only while `awaiting_consent`: URL for the browser. */
  consent_url: z.string().optional(),
  /**
   * Identifier of the party whose page that is, in draft -11, where it may be anywhere. Show it
   * before the user goes there. Absent: the auth server.
   */
  consent_party: z.string().optional(),
  /** Once the user has consented to this run. */
  consent: grantedConsentSchema.optional(),
  /** Only when `failed`. */
  failure: failureSchema.optional(),
});
export type Progress = z.infer<typeof progressSchema>;

/**
 * Response of `GET /optimization/all`: the caller's own runs, newest first, with shortened
 * `prompt`.
 */
export const progressListSchema = z.array(progressSchema);

/**
 * One event of `GET /optimization/progress/{id}/events` (`text/event-stream`).
 *
 * The stream begins with the current state, repeats the whole state after every change, and closes
 * after `completed` or `failed`. A reader that reconnects therefore misses nothing. Comment lines
 * (`: heartbeat`) keep the connection alive. On the wire:
 *
 * ```
 * event: progress
 * data: {"request_id":"…","status":"running",…}
 * ```
 */
export const progressEventSchema = z.object({ event: z.literal("progress"), data: progressSchema });
