import { z } from "zod";
import { failureSchema } from "./failure.ts";

const scalar = z.union([z.string().max(500), z.number(), z.boolean()]);

/**
 * Body of `POST /optimization/start`. Every member may be absent; unknown members are dropped.
 *
 * `scenario` takes precedence over `optimization_type`; with a `custom_prompt` neither is sent to
 * the agent. An object of constraints is sent to the agent as `key: value` sentences.
 */
export const startRequestSchema = z.object({
  optimization_type: z.string().trim().min(1).max(100).default("laptop_supply_chain"),
  scenario: z.string().trim().min(1).max(100).optional(),
  custom_prompt: z.string().max(8000).optional(),
  parameters: z.record(z.string().max(100), z.unknown()).optional(),
  constraints: z
    .union([z.array(z.string().max(500)).max(50), z.record(z.string().max(100), scalar)])
    .optional(),
  priority: z.string().trim().min(1).max(50).optional(),
});
/** The request as sent by a client. */
export type StartRequest = z.input<typeof startRequestSchema>;
/** The request with defaults applied. */
export type StartOptions = z.output<typeof startRequestSchema>;

/** The agent accepted the run, which continues (`running`) or has already ended (`completed`). */
export const startedReplySchema = z.object({
  request_id: z.string(),
  status: z.enum(["running", "completed"]),
  message: z.string(),
});

/** The run waits for the user: send the browser to `consent_url` within ten minutes. */
export const consentReplySchema = z.object({
  consent_required: z.literal(true),
  consent_url: z.string(),
  /** As in the progress of the run. */
  consent_party: z.string().optional(),
  request_id: z.string(),
});

/**
 * The run failed before the agent accepted it. Answered with status 200, as in the published demo.
 */
export const failedReplySchema = z.object({
  request_id: z.string(),
  status: z.literal("failed"),
  message: z.string(),
  failure: failureSchema,
});

/** Response of `POST /optimization/start`, sent as soon as the authorization outcome is known. */
export const startReplySchema = z.union([consentReplySchema, failedReplySchema, startedReplySchema]);
export type StartReply = z.infer<typeof startReplySchema>;
