import { z } from "zod";
import { bearerSideSchema } from "./bearer-twin.ts";
import { savedEvidenceSchema } from "./run-evidence.ts";

/**
 * The ways to tamper with a message of a run of February 2026, each a request that is really sent.
 */
export const breakItVariantSchema = z.enum([
  "changed-body",
  "changed-path",
  "other-key",
  "stale",
  "replay",
  "stolen-token",
  "widened-scope",
  "other-audience",
  "unsigned-resource-token",
]);
export type BreakItVariant = z.infer<typeof breakItVariantSchema>;

/** The same for draft -11; which of them a run has is its mode's. */
export const draft11BreakItVariantSchema = z.enum([
  "changed-body",
  "changed-path",
  "uncovered-body",
  "stale",
  "replay",
  "stolen-token",
  "other-agents-token",
  "expired-token",
  "swapped-typ",
  "widened-scope",
  "bearer-token",
  "february-message",
  "agent-token-only",
  "other-audience",
  "revoked-token",
  "guessed-code",
  "forged-callback",
  "pending-of-another",
  "stolen-agent-token",
  "foreign-upstream-token",
  "upstream-of-another-server",
  "guessed-consent-code",
  "revocation-by-another",
  "foreign-resource-token",
  "unsigned-resource-token",
  "agent-at-access-server",
  "forged-person-server",
  "foreign-revocation",
]);
export type Draft11BreakItVariant = z.infer<typeof draft11BreakItVariantSchema>;

/** The variants of all profiles. */
export const anyBreakItVariantSchema = z.enum([
  ...new Set([...breakItVariantSchema.options, ...draft11BreakItVariantSchema.options]),
]);
export type AnyBreakItVariant = BreakItVariant | Draft11BreakItVariant;

/**
 * Response of `POST /optimization/{id}/break-it/{variant}`: the outcome of the tampered request.
 */
export const breakItResultSchema = z.object({
  variant: anyBreakItVariantSchema,
  /**
   * `without_effect`: the response refuses nothing, and an honest request afterwards was answered
   * as if there had been no attack. `accepted` is a hole.
   */
  outcome: z.enum(["refused", "without_effect", "accepted"]),
  /** HTTP status of the response. */
  status: z.number().int(),
  /** HTTP status of the honest request afterwards, where the response refuses nothing. */
  after_status: z.number().int().optional(),
  /**
   * The party that was not deceived: `gateway`, `supply-chain-agent`, `market-analysis-agent`,
   * `auth-server`, `person-server` or `access-server`.
   */
  refused_by: z.string().optional(),
  /**
   * Unless accepted: whether by the check that this tampering is meant for. Otherwise something
   * else came first, as a limit or documents that could not be read, and the refusal is no evidence
   * for that check.
   */
  as_meant: z.boolean().optional(),
  /** The error code in the response: an AAuth error code, or the `error` of a server. */
  code: z.string().optional(),
  /**
   * The check that failed: of the verifier, or of a server; `policy` where the gateway's own rules
   * refused the caller, whatever was tampered with.
   */
  check: z.string().optional(),
  /** What demands that check: `RFC 9421 3.2`, `profile 2.7`, `draft -11, section 11.3.4 step 7`. */
  section: z.string().optional(),
  /** What the code means, in a sentence. */
  meaning: z.string().optional(),
  /** The sentence in the response, shortened. */
  reason: z.string().optional(),
  /**
   * The trace of the attempt, where spans are recorded: ask
   * `GET /optimization/{id}/attempts/{trace_id}`.
   */
  trace_id: z.string().optional(),
  /**
   * The tampered request, to be verified again; absent where it may not leave the backend whole,
   * and in offers.
   */
  evidence: savedEvidenceSchema.optional(),
  /** The same attack on the bearer twin; for some variants only. */
  bearer: bearerSideSchema.optional(),
});
export type BreakItResult = z.infer<typeof breakItResultSchema>;

/** One variant and whether this run has what it takes. */
const breakItOfferSchema = z.object({
  variant: anyBreakItVariantSchema,
  /** Why it cannot be tried with this run; absent when it can. */
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
   * Trace ids of the run: more than one when it went on after the consent page. Empty where nothing
   * is traced.
   */
  trace_ids: z.array(z.string()),
  /**
   * What the trace store answers for each of them, in the JSON of Jaeger's query API
   * (`{ data: [trace] }`); `protocol-trace/read` reads it. A trace that is not there yet is left
   * out.
   */
  traces: z.array(z.unknown()),
  /** The trace store's own page; a trace is at `{explorer_url}/trace/{trace id}`. */
  explorer_url: z.string(),
  /** What that page is; absent where the store has not been asked yet. */
  explorer: z.enum(["trace-store", "jaeger"]).optional(),
  /** Whether the run is at its end. */
  finished: z.boolean(),
  /** Whether more may still come: the run goes on, or has just ended, and spans come in batches. */
  growing: z.boolean(),
  /**
   * What can be tried with this run, and what has been; absent unless the backend runs in demo
   * mode.
   */
  break_it: z.array(breakItOfferSchema).optional(),
});
export type RunTrace = z.infer<typeof runTraceSchema>;
