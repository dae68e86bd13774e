import { z } from "zod";
import { attacksWith } from "./attacks.ts";
import { bearerSideSchema } from "./bearer-twin.ts";
import { savedEvidenceSchema } from "./run-evidence.ts";

export const anyBreakItVariantSchema = z.enum(attacksWith("title"));

/**
 * Response of `POST /optimization/{id}/break-it/{variant}`: the outcome of the tampered request.
 */
export const breakItResultSchema = z.object({
  variant: anyBreakItVariantSchema,
  /**
   * `without_effect`: the response is not a refusal, but an honest follow-up request was answered
   * as if there had been no attack. `accepted` is a hole.
   */
  outcome: z.enum(["refused", "without_effect", "accepted"]),
  /** HTTP status of the response. */
  status: z.number().int(),
  /** HTTP status of the honest follow-up request, if the response is not a refusal. */
  after_status: z.number().int().optional(),
  /**
   * The party that resisted: `gateway`, `supply-chain-agent`, `market-analysis-agent`,
   * `auth-server`, `person-server` or `access-server`.
   */
  refused_by: z.string().optional(),
  /**
   * Whether the targeted check refused; absent if accepted. If false, something else failed first,
   * such as a limit or unreadable documents, and the refusal is not evidence of that check.
   */
  as_meant: z.boolean().optional(),
  /** The error code in the response: an AAuth error code, or the `error` of a server. */
  code: z.string().optional(),
  /**
   * The failed check of the verifier or of a server; `policy` if the gateway's own rules refused
   * the caller regardless of the tampering.
   */
  check: z.string().optional(),
  /**
   * Section that requires the check: `RFC 9421 3.2`, `profile 2.7`,
   * `draft -11, section 11.3.4 step 7`.
   */
  section: z.string().optional(),
  /** Meaning of the code in a sentence. */
  meaning: z.string().optional(),
  /** The reason in the response, shortened. */
  reason: z.string().optional(),
  /**
   * Trace id of the attempt, if spans are recorded, for
   * `GET /optimization/{id}/attempts/{trace_id}`.
   */
  trace_id: z.string().optional(),
  /**
   * The tampered request, to be verified again; absent if it must not leave the backend whole, and
   * in offers.
   */
  evidence: savedEvidenceSchema.optional(),
  /** Outcome at the bearer twin; for some variants only. */
  bearer: bearerSideSchema.optional(),
});
export type BreakItResult = z.infer<typeof breakItResultSchema>;

/** One variant, and whether it is available for this run. */
const breakItOfferSchema = z.object({
  variant: anyBreakItVariantSchema,
  /** Reason why it is unavailable for this run; absent if it is available. */
  unavailable: z.string().optional(),
  /** Outcome of the last attempt with this run; absent before the first. */
  result: breakItResultSchema.optional(),
});
export type BreakItOffer = z.infer<typeof breakItOfferSchema>;

/** Response of `GET /optimization/{id}/trace` and `GET /orders/{id}/trace`. */
export const runTraceSchema = z.object({
  /** Id of the run, of the order, or of a delegate's call. */
  request_id: z.string(),
  /**
   * Trace ids of the run: several if it continued after the consent page. Empty without tracing.
   */
  trace_ids: z.array(z.string()),
  /**
   * The trace store's answer for each, in the JSON of Jaeger's query API (`{ data: [trace] }`),
   * which `aauth-explain/run` reads. Traces not yet stored are omitted.
   */
  traces: z.array(z.unknown()),
  /** The trace store's own page; a trace is at `{explorer_url}/trace/{trace id}`. */
  explorer_url: z.string(),
  /** Kind of that page; absent if the store has not been queried yet. */
  explorer: z.enum(["trace-store", "jaeger"]).optional(),
  /** Whether the run has ended. */
  finished: z.boolean(),
  /**
   * Whether more spans may arrive, because the run continues or has just ended and spans come in
   * batches.
   */
  growing: z.boolean(),
  /** Available attempts on this run and their outcomes; only in demo mode. */
  break_it: z.array(breakItOfferSchema).optional(),
});
export type RunTrace = z.infer<typeof runTraceSchema>;
