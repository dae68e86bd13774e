/**
 * Every way this package refuses. Branch on `code`, never on `message`: messages are free to
 * change.
 *
 * @module
 */

import type { VerificationReport } from "./http-signatures/report.ts";
import type { ProvenCaller, WaitingCall } from "./types.ts";

/**
 * HTTP status of a resource's answer by code, and the section that demands it: of the RFC named, or
 * of the page that docs/reference/errors.md links (`profile`). `ERROR_MEANINGS` of `aauth-explain`
 * has the meaning of each code in a sentence.
 */
export const ERROR_CODES = {
  // the message
  missing_signature: { status: 401, section: "profile 1, 2" },
  malformed_signature_key: { status: 401, section: "profile 1.5" },
  unsupported_scheme: { status: 401, section: "profile 1.3" },
  profile_not_accepted: { status: 401, section: "profile 1.3" },
  unsupported_key: { status: 401, section: "profile 1.5" },
  key_algorithm_not_allowed: { status: 401, section: "draft -11, section 11.3.1" },
  malformed_signature_input: { status: 401, section: "RFC 9421 4.1" },
  malformed_signature: { status: 401, section: "RFC 9421 4.2" },
  label_mismatch: { status: 401, section: "profile 1.5" },
  insufficient_coverage: { status: 401, section: "profile 2.5" },
  missing_component: { status: 401, section: "RFC 9421 2.5" },
  created_missing: { status: 401, section: "profile 2.4" },
  created_out_of_window: { status: 401, section: "profile 2.4" },
  signature_expired: { status: 401, section: "RFC 9421 2.3" },
  invalid_signature: { status: 401, section: "RFC 9421 3.2" },
  nonce_required: { status: 401, section: "profile 2.7" },
  malformed_nonce: { status: 401, section: "profile 2.7" },
  nonce_replayed: { status: 401, section: "profile 2.7" },
  signature_replayed: { status: 401, section: "profile 2.7" },
  replay_memory_full: { status: 503, section: "profile 2.7" },
  store_unavailable: { status: 503, section: "profile 2.7" },
  digest_missing: { status: 401, section: "RFC 9530 2" },
  malformed_digest: { status: 401, section: "RFC 9530 2" },
  digest_mismatch: { status: 401, section: "RFC 9530 2" },
  unknown_authority: { status: 421, section: "profile 2.2" },
  header_too_large: { status: 431, section: "profile 1.5" },
  // discovery
  discovery_blocked: { status: 401, section: "profile 5.2" },
  discovery_failed: { status: 401, section: "profile 5.2" },
  discovery_busy: { status: 503, section: "profile 5.2" },
  metadata_mismatch: { status: 401, section: "profile 5.2" },
  metadata_issuer_missing: { status: 401, section: "draft -11, section 11.2" },
  unknown_key: { status: 401, section: "profile 5.2" },
  untrusted_agent: { status: 403, section: "profile 5.2" },
  // tokens
  malformed_token: { status: 401, section: "profile 4" },
  token_type_mismatch: { status: 401, section: "profile 4" },
  token_algorithm_not_allowed: { status: 401, section: "profile 4.2" },
  untrusted_issuer: { status: 401, section: "profile 4.2" },
  token_audience_mismatch: { status: 401, section: "profile 4" },
  token_expired: { status: 401, section: "profile 4" },
  token_not_yet_valid: { status: 401, section: "profile 4" },
  token_revoked: { status: 401, section: "draft -11, section 11.12" },
  revocation_unknown: { status: 401, section: "draft -11, section 11.12" },
  token_claim_missing: { status: 401, section: "profile 4" },
  token_agent_mismatch: { status: 401, section: "profile 4.1" },
  presented_token_mismatch: { status: 401, section: "draft -11, section 6.7.2" },
  token_key_mismatch: { status: 401, section: "profile 4.1" },
  invalid_token_signature: { status: 401, section: "profile 4" },
  // requirement
  identity_required: { status: 401, section: "profile 3.1" },
  person_required: { status: 401, section: "draft -11, section 6.1" },
  authorization_required: { status: 401, section: "profile 3.1" },
  insufficient_scope: { status: 403, section: "profile 3.1" },
  user_required: { status: 403, section: "profile 3.1" },
  limit_reached: { status: 429, section: "profile 3.1" },
  // the agent's side
  malformed_challenge: { status: 502, section: "profile 3.4" },
  challenge_untrusted: { status: 502, section: "profile 3.4" },
  challenge_repeated: { status: 502, section: "profile 3.4" },
  auth_token_rejected: { status: 502, section: "profile 3.4" },
  token_request_refused: { status: 502, section: "profile 6" },
  token_request_failed: { status: 502, section: "profile 6" },
  grant_pending: { status: 502, section: "draft -11, section 11.8" },
  waiting_key_gone: { status: 502, section: "draft -11, section 11.8" },
  request_cancelled: { status: 502, section: "draft -11, section 7.5.2" },
  unsupported_requirement: { status: 502, section: "draft -11, section 11.6.2" },
  payment_required: { status: 502, section: "draft -11, section 11.6" },
  consent_required: { status: 403, section: "profile 6.5" },
  user_interaction_required: { status: 403, section: "profile 3.5" },
  unsupported_algorithm: { status: 502, section: "profile 3.1" },
  upstream_token_required: { status: 403, section: "profile 7" },
} as const satisfies Record<string, { status: number; section: string }>;

/** What distinguishes errors. */
export type AAuthErrorCode = keyof typeof ERROR_CODES;

/** What an error says beside code and message. */
export interface AAuthErrorOptions {
  /** The error behind it, for logs. Default: none. */
  readonly cause?: unknown;
  /**
   * The claim or header member that is wrong, where it is one, or the components that are missing.
   * Default: unset.
   */
  readonly claim?: string | undefined;
  /** What it should have been. Never a secret. Default: unset. */
  readonly expected?: string | undefined;
  /** Section that demands what failed, where a dialect has its own. Default: that of the code. */
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
  /** Section of the profile, or of the RFC, that demands what failed. */
  readonly section: string;
  /**
   * The claim or header member that is wrong, where it is one, or the components that are missing,
   * separated by spaces.
   */
  declare readonly claim?: string;
  /** What it should have been. Never a secret. */
  declare readonly expected?: string;

  constructor(code: AAuthErrorCode, message: string, options: AAuthErrorOptions = {}) {
    const { cause, claim, expected, section = ERROR_CODES[code].section } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.section = section;
    if (claim !== undefined) this.claim = claim;
    if (expected !== undefined) this.expected = expected;
  }
}

/** What a verifier's error carries. */
export interface AAuthVerificationErrorOptions extends AAuthErrorOptions {
  /** What was seen and decided until here. Default: unset; a verifier sets it. */
  readonly report?: VerificationReport;
  /** The caller, where its signature is proven. Default: unset. */
  readonly provenCaller?: ProvenCaller;
}

/** A message of another party does not pass: what verifiers, token checks and discovery throw. */
export class AAuthVerificationError extends AAuthError {
  override readonly name: string = "AAuthVerificationError";
  /** HTTP status for the sender of the refused message. */
  readonly status: number;
  /** Set by a verifier: what it saw and decided until here. */
  declare report?: VerificationReport;
  /**
   * The caller, where its signature was proven although the request is refused: a challenge may be
   * addressed to it.
   */
  declare provenCaller?: ProvenCaller;

  constructor(code: AAuthErrorCode, message: string, options: AAuthVerificationErrorOptions = {}) {
    super(code, message, options);
    this.status = ERROR_CODES[code].status;
    if (options.report) this.report = options.report;
    if (options.provenCaller) this.provenCaller = options.provenCaller;
  }

  /** Name of the check that failed, where a verifier has made a report. */
  get check(): string | undefined {
    return this.report?.checks.find(({ verdict }) => verdict === "failed")?.name;
  }
}

/**
 * A store cannot be reached, or has not answered within its deadline: stores throw it. Nothing is
 * accepted without them: verifiers and servers refuse with 503 and `Retry-After`. A write may have
 * happened.
 */
export class StoreUnavailableError extends AAuthVerificationError {
  override readonly name = "StoreUnavailableError";

  /** @param store what cannot be used, for logs: never an address with a password */
  constructor(store: string, options: Pick<AAuthErrorOptions, "cause"> = {}) {
    super("store_unavailable", `${store} does not answer`, options);
  }
}

/**
 * An agent's call fails. It has no HTTP status, because it is not about the agent's own caller: a
 * framework that looks for `status` answers 500 rather than with a peer's 401.
 */
export class AAuthAgentError extends AAuthError {
  override readonly name: string = "AAuthAgentError";
  /**
   * Identifier of the resource or server whose answer, or silence, ended the call. Unset where the
   * call ended before one was asked.
   */
  declare hop?: string;

  /**
   * The error of an agent's call for an error of the checks it has made: same code, without status.
   * Others come back as they are.
   *
   * @param hop the party that it is about, unless the error names one
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

/** Whether an error of a token request says no more than that the server did not answer. */
export const isUnanswered = ({ code }: AAuthError): boolean => UNANSWERED.has(code);

/** What a fetch for a caller ended with: to the caller all of them are one. */
const FETCH_FAILURES: ReadonlySet<AAuthErrorCode> = new Set([
  "discovery_blocked",
  "discovery_failed",
  "metadata_mismatch",
  "metadata_issuer_missing",
]);

/** For callers: the own message of such an error names the store. */
const STORE_AWAY = "this server cannot read its state";

/**
 * The code and the words of an error for the sender of the message that is refused. How a fetch
 * failed that the sender caused is for the log: distinguishing a forbidden network, a closed port
 * and a live host would make this service a scanner of its own network.
 *
 * Does NOT make the time that a refusal takes the same.
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

/** Why a request was refused, as the header of a refusal carries it. */
export interface Refusal {
  readonly code: AAuthErrorCode;
  /** Name of the check that failed. */
  readonly check?: string;
  /** Section of the profile, or of the RFC, that demands it. */
  readonly section: string;
  /** For `insufficient_coverage`: the components that are missing, separated by spaces. */
  readonly missing?: string;
  /** The party that refused, where it is not the one that was addressed: `gateway`. */
  readonly by?: string;
}

/** The auth server, or in draft -11 the person server, answered with an OAuth error. */
export class TokenRequestError extends AAuthAgentError {
  override readonly name: string = "TokenRequestError";
  /** `error` member of the answer, for example `invalid_grant`. */
  readonly oauthError: string;
  /** Status of the auth server's answer; not one to answer the own caller with. */
  readonly httpStatus: number;
  /** `error_description` of the answer. */
  readonly description: string;
  /** The check that failed at the auth server, where its answer names it. */
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

/** The resource rejected an auth token, and no other one is left to try. The token is dropped. */
export class TokenRejectedError extends AAuthAgentError {
  override readonly name: string = "TokenRejectedError";
  /** Status of the resource's answer; not one to answer the own caller with. */
  readonly httpStatus: number;
  /**
   * The resource's own words: one line of at most 300 printable characters, without tokens. Empty
   * where it has none.
   */
  readonly description: string;
  /** The check that failed at the resource, where its answer names it. */
  readonly refusal?: Refusal;

  constructor(description: string, httpStatus: number, refusal?: Refusal) {
    const words = description === "" ? `status ${httpStatus}` : description;
    super("auth_token_rejected", `the resource rejected the auth token: ${words}`);
    this.httpStatus = httpStatus;
    this.description = description;
    if (refusal !== undefined) this.refusal = refusal;
  }
}

/** The user must consent. Send the browser to `consentUrl`, then redeem the code it brings back. */
export class ConsentRequiredError extends AAuthAgentError {
  override readonly name: string = "ConsentRequiredError";
  /** The auth server's page, complete with request token and state. */
  readonly consentUrl: string;
  readonly requestToken: string;
  /** Issuer identifier: redeem the code there. */
  readonly authServer: string;
  /** Seconds until the request token expires. */
  readonly expiresInSeconds: number;
  /** The agent's key that redeems the code (profile 4.6), also after a rotation. */
  readonly keyThumbprint: string | undefined;

  constructor(options: {
    consentUrl: string;
    requestToken: string;
    authServer: string;
    expiresInSeconds: number;
    keyThumbprint?: string;
  }) {
    super("consent_required", "the auth server requires the user's consent");
    this.consentUrl = options.consentUrl;
    this.requestToken = options.requestToken;
    this.authServer = options.authServer;
    this.expiresInSeconds = options.expiresInSeconds;
    this.keyThumbprint = options.keyThumbprint;
  }
}

/**
 * The resource wants an interaction with the user. Send the browser to `interactionUrl`; when it
 * comes back to the return URL named in it, make the same request again, with the same key (profile
 * 3.5).
 */
export class UserInteractionRequiredError extends AAuthAgentError {
  override readonly name: string = "UserInteractionRequiredError";
  /** The resource's page, complete with the return URL. */
  readonly interactionUrl: string;
  /** Identifier of the resource, at whose origin the URL is. */
  readonly resource: string;
  /**
   * The agent's key that the answer will be for: it makes the request again (`keyThumbprint` of the
   * call), also after a rotation.
   */
  readonly keyThumbprint: string | undefined;

  constructor(options: { interactionUrl: string; resource: string; keyThumbprint?: string }) {
    super("user_interaction_required", "the resource requires a user interaction first");
    this.interactionUrl = options.interactionUrl;
    this.resource = options.resource;
    this.keyThumbprint = options.keyThumbprint;
  }
}

/**
 * A resource or a server has not answered yet. Keep {@link AnswerPendingError.waiting}, bring the
 * person to its `interaction` where there is one, and go on with `agent.resume(waiting)`: in this
 * process or in another one.
 */
export class AnswerPendingError extends AAuthAgentError {
  override readonly name: string = "AnswerPendingError";
  /**
   * Where the call stands. Plain JSON, with tokens in it: not enumerable, so that no log of the
   * error shows them.
   */
  declare readonly waiting: WaitingCall;

  constructor(message: string, waiting: WaitingCall) {
    super("grant_pending", message);
    Object.defineProperty(this, "waiting", { value: waiting });
    this.hop = waiting.party;
  }
}
