/**
 * Errors of this package. Branch on `code`, never on `message`, which may change.
 *
 * @module
 */

import type { VerificationReport } from "./http-signatures/report.ts";
import type { ProvenCaller, WaitingCall } from "./types.ts";

/** An entry of {@link ERROR_CODES}. */
interface ErrorCode {
  readonly status: number;
  readonly rfc?: string;
}

/**
 * For each code, the HTTP status of a verifier's response (an agent's error has none), and the
 * section of an RFC if one requires the check; otherwise each dialect names a section of its own.
 * `ERROR_MEANINGS` of `aauth-explain` explains each code.
 */
export const ERROR_CODES = {
  // the message
  missing_signature: { status: 401 },
  malformed_signature_key: { status: 401 },
  unsupported_scheme: { status: 401 },
  profile_not_accepted: { status: 401 },
  unsupported_key: { status: 401 },
  key_algorithm_not_allowed: { status: 401 },
  malformed_signature_input: { status: 401, rfc: "RFC 9421 4.1" },
  malformed_signature: { status: 401, rfc: "RFC 9421 4.2" },
  label_mismatch: { status: 401 },
  insufficient_coverage: { status: 401 },
  missing_component: { status: 401, rfc: "RFC 9421 2.5" },
  created_missing: { status: 401 },
  created_out_of_window: { status: 401 },
  signature_expired: { status: 401, rfc: "RFC 9421 2.3" },
  invalid_signature: { status: 401, rfc: "RFC 9421 3.2" },
  nonce_required: { status: 401 },
  malformed_nonce: { status: 401 },
  nonce_replayed: { status: 401 },
  signature_replayed: { status: 401 },
  replay_memory_full: { status: 503 },
  store_unavailable: { status: 503 },
  digest_missing: { status: 401, rfc: "RFC 9530 2" },
  malformed_digest: { status: 401, rfc: "RFC 9530 2" },
  digest_mismatch: { status: 401, rfc: "RFC 9530 2" },
  unknown_authority: { status: 421 },
  header_too_large: { status: 431 },
  // discovery
  discovery_blocked: { status: 401 },
  discovery_failed: { status: 401 },
  discovery_busy: { status: 503 },
  metadata_mismatch: { status: 401 },
  metadata_issuer_missing: { status: 401 },
  unknown_key: { status: 401 },
  untrusted_agent: { status: 403 },
  // tokens
  malformed_token: { status: 401 },
  token_type_mismatch: { status: 401 },
  token_algorithm_not_allowed: { status: 401 },
  untrusted_issuer: { status: 401 },
  token_audience_mismatch: { status: 401 },
  token_expired: { status: 401 },
  token_not_yet_valid: { status: 401 },
  token_revoked: { status: 401 },
  revocation_unknown: { status: 401 },
  token_claim_missing: { status: 401 },
  token_agent_mismatch: { status: 401 },
  presented_token_mismatch: { status: 401 },
  token_key_mismatch: { status: 401 },
  invalid_token_signature: { status: 401 },
  // requirement
  identity_required: { status: 401 },
  person_required: { status: 401 },
  authorization_required: { status: 401 },
  insufficient_scope: { status: 403 },
  user_required: { status: 403 },
  limit_reached: { status: 429 },
  // the agent's side
  malformed_challenge: { status: 502 },
  challenge_untrusted: { status: 502 },
  challenge_repeated: { status: 502 },
  auth_token_rejected: { status: 502 },
  token_request_refused: { status: 502 },
  token_request_failed: { status: 502 },
  grant_pending: { status: 502 },
  waiting_key_gone: { status: 502 },
  request_cancelled: { status: 502 },
  mission_terminated: { status: 502 },
  unsupported_requirement: { status: 502 },
  payment_required: { status: 502 },
  consent_required: { status: 403 },
  user_interaction_required: { status: 403 },
  unsupported_algorithm: { status: 502 },
} as const satisfies Record<string, ErrorCode>;

/** Code of an error. */
export type AAuthErrorCode = keyof typeof ERROR_CODES;

/** Details of an error. */
export interface AAuthErrorOptions {
  /** The error behind it, for logs. Default: none. */
  readonly cause?: unknown;
  /** The invalid claim or header member, or the missing components. Default: unset. */
  readonly claim?: string | undefined;
  /** The expected value. Never a secret. Default: unset. */
  readonly expected?: string | undefined;
  /** Section that requires the check. Default: that of the RFC, or of the dialect in use. */
  readonly section?: string | undefined;
}

/**
 * The base of this package's errors. Branch on `code`. A message is for logs, and never contains a
 * token, a key or a header value.
 *
 * A verifier throws {@link AAuthVerificationError}, an agent {@link AAuthAgentError}.
 */
export class AAuthError extends Error {
  override readonly name: string = "AAuthError";
  /** One of {@link ERROR_CODES}. */
  readonly code: AAuthErrorCode;
  /**
   * Section of the dialect or the RFC that requires the failed check. Undefined for an error that
   * no verifier, resource, server or agent has thrown, whose code no RFC has a section for.
   */
  section: string | undefined;
  /** The invalid claim or header member, or the missing components, separated by spaces. */
  declare readonly claim?: string;
  /** The expected value. Never a secret. */
  declare readonly expected?: string;

  constructor(code: AAuthErrorCode, message: string, options: AAuthErrorOptions = {}) {
    const { rfc }: ErrorCode = ERROR_CODES[code];
    const { cause, claim, expected, section = rfc } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.section = section;
    if (claim !== undefined) this.claim = claim;
    if (expected !== undefined) this.expected = expected;
  }
}

/**
 * Section of a dialect's text for a code that no RFC has a section for.
 *
 * @param failed section of the failed check, if the code is that of a verification
 */
export type SectionOf = (code: AAuthErrorCode, failed?: string) => string;

/**
 * Makes an error cite the text of its dialect, unless it cites a section already. Returns the
 * error; any other value is returned unchanged.
 */
export function citing(error: unknown, sectionOf: SectionOf): unknown {
  if (error instanceof AAuthError) error.section ??= sectionOf(error.code, failedCheck(error)?.section);
  return error;
}

const failedCheck = ({ report }: Partial<AAuthVerificationError>) =>
  report?.checks.find(({ verdict }) => verdict === "failed");

/** Details of a verifier's error. */
export interface AAuthVerificationErrorOptions extends AAuthErrorOptions {
  /** The report of the verification so far. Default: unset; a verifier sets it. */
  readonly report?: VerificationReport;
  /** The caller, if its signature is proven. Default: unset. */
  readonly provenCaller?: ProvenCaller;
}

/** A message of another party is refused. Thrown by verifiers, token checks and discovery. */
export class AAuthVerificationError extends AAuthError {
  override readonly name: string = "AAuthVerificationError";
  /** HTTP status for the sender of the refused message. */
  readonly status: number;
  /** The report of the verification so far, set by a verifier. */
  declare report?: VerificationReport;
  /**
   * The caller, if its signature was proven although the request is refused. It may receive a
   * challenge.
   */
  declare provenCaller?: ProvenCaller;

  constructor(code: AAuthErrorCode, message: string, options: AAuthVerificationErrorOptions = {}) {
    super(code, message, options);
    this.status = ERROR_CODES[code].status;
    if (options.report) this.report = options.report;
    if (options.provenCaller) this.provenCaller = options.provenCaller;
  }

  /** Name of the failed check, if there is a report. */
  get check(): string | undefined {
    return failedCheck(this)?.name;
  }
}

/**
 * A store is unreachable or exceeded its deadline. Thrown by stores; verifiers and servers then
 * refuse with 503 and `Retry-After`. A write may still have succeeded.
 */
export class StoreUnavailableError extends AAuthVerificationError {
  override readonly name = "StoreUnavailableError";

  /** @param store name of the store for logs, never an address with a password */
  constructor(store: string, options: Pick<AAuthErrorOptions, "cause"> = {}) {
    super("store_unavailable", `${store} does not answer`, options);
  }
}

/**
 * An agent's call has failed. There is no HTTP status, because the error does not concern the
 * agent's own caller: a framework that uses `status` responds with 500 instead of a peer's 401.
 */
export class AAuthAgentError extends AAuthError {
  override readonly name: string = "AAuthAgentError";
  /**
   * Identifier of the resource or server whose response, or missing response, ended the call. Unset
   * if none was called.
   */
  declare hop?: string;

  /**
   * Converts an error of verification into one of the agent's call: same code, without status.
   * Returns other errors unchanged.
   *
   * @param hop the party concerned, unless the error names one
   */
  static from(error: unknown, hop?: string): unknown {
    let failure = error;
    if (error instanceof AAuthVerificationError) {
      const { code, message, claim, expected, section } = error;
      failure = new AAuthAgentError(code, message, { cause: error, section, claim, expected });
    }
    if (hop !== undefined && failure instanceof AAuthAgentError) failure.hop ??= hop;
    return failure;
  }
}

const UNANSWERED: ReadonlySet<AAuthErrorCode> = new Set([
  "token_request_failed",
  "discovery_failed",
  "discovery_busy",
]);

/** Whether an error of a token request only means that the server did not respond. */
export const isUnanswered = ({ code }: AAuthError): boolean => UNANSWERED.has(code);

/** Failures of a fetch, which callers cannot distinguish. */
const FETCH_FAILURES: ReadonlySet<AAuthErrorCode> = new Set([
  "discovery_blocked",
  "discovery_failed",
  "metadata_mismatch",
  "metadata_issuer_missing",
]);

/** Message for callers; the error's own message names the store. */
const STORE_AWAY = "this server cannot access its state";

/**
 * Code and message of an error for the sender of the refused message. Details of a failed fetch are
 * omitted: distinguishing a forbidden network, a closed port and a live host would let senders scan
 * this service's network.
 *
 * Does NOT equalize the time of refusals.
 */
export function publicRefusal(error: AAuthError): {
  readonly code: AAuthErrorCode;
  readonly message: string;
} {
  if (error.code === "store_unavailable") return { code: error.code, message: STORE_AWAY }; // hole V4
  return FETCH_FAILURES.has(error.code)
    ? {
        code: "discovery_failed",
        message: "the documents of a party that the message names could not be read",
      }
    : { code: error.code, message: error.message };
}

/** Reason of a refusal, as carried in its header. */
export interface Refusal {
  readonly code: AAuthErrorCode;
  /** Name of the failed check. */
  readonly check?: string;
  /** Section of the dialect or the RFC that requires it. Unset if the header lacks it. */
  readonly section?: string;
  /**
   * For `insufficient_coverage` the missing components, separated by spaces; for
   * `missing_signature` the first missing field of a message that has others.
   */
  readonly missing?: string;
  /** The party that refused, if it is not the addressed one: `gateway`. */
  readonly by?: string;
}

/** The auth server, or in draft -11 the person server, responded with an OAuth error. */
export class TokenRequestError extends AAuthAgentError {
  override readonly name: string = "TokenRequestError";
  /** `error` of the response, for example `invalid_grant`. */
  readonly oauthError: string;
  /** Status of the auth server's response. Do not send it to the agent's own caller. */
  readonly httpStatus: number;
  /** `error_description` of the response. */
  readonly description: string;
  /** The failed check at the auth server, if the response names it. */
  readonly refusal?: Refusal;

  constructor(
    oauthError: string,
    description: string,
    httpStatus: number,
    refusal?: Refusal,
    {
      server = "auth server",
      ...options
    }: Pick<AAuthErrorOptions, "section"> & { readonly server?: string } = {},
  ) {
    super("token_request_refused", `${server} refused: ${oauthError}: ${description}`, options);
    this.oauthError = oauthError;
    this.httpStatus = httpStatus;
    this.description = description;
    if (refusal !== undefined) this.refusal = refusal;
  }
}

/** The resource rejected an auth token, and there is no other. The token is dropped. */
export class TokenRejectedError extends AAuthAgentError {
  override readonly name: string = "TokenRejectedError";
  /** Status of the resource's response. Do not send it to the agent's own caller. */
  readonly httpStatus: number;
  /**
   * Error text of the resource: one line of at most 300 printable characters, without tokens. Empty
   * if there is none.
   */
  readonly description: string;
  /** The failed check at the resource, if the response names it. */
  readonly refusal?: Refusal;

  constructor(description: string, httpStatus: number, refusal?: Refusal) {
    const words = description === "" ? `status ${httpStatus}` : description;
    super("auth_token_rejected", `the resource rejected the auth token: ${words}`);
    this.httpStatus = httpStatus;
    this.description = description;
    if (refusal !== undefined) this.refusal = refusal;
  }
}

/**
 * A resource or a server has deferred its response. Store {@link StillWaitingError.waiting}, bring
 * the person to its `interaction`, if any, and continue with `agent.resume(waiting)`, in this
 * process or another.
 */
export class StillWaitingError extends AAuthAgentError {
  override readonly name: string = "StillWaitingError";
  /**
   * State of the call. Plain JSON that contains tokens, and therefore not enumerable, so that
   * logging the error does not show it.
   */
  declare readonly waiting: WaitingCall;

  constructor(message: string, waiting: WaitingCall) {
    super("grant_pending", message);
    Object.defineProperty(this, "waiting", { value: waiting });
    this.hop = waiting.party;
  }
}
