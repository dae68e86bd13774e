/**
 * An agent's reaction to the requirements of a resource, in one dialect.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { DeferralRules, DeferredResponse } from "./waiting.ts";

/** Requirement of a response. Plain data, so that a waiting call can be stored. */
export interface Challenge {
  /** Required level, by its name in the profile. Empty if the response does not state one. */
  readonly level: string;
  /** The failed check, if the response names it. */
  readonly failedCheck?: string | undefined;
  /** Resource token to redeem, as received. Unverified. */
  readonly resourceToken?: string | undefined;
  /** Server at which to redeem it. Untrusted. */
  readonly server?: string | undefined;
  /** Page on which a person can act. */
  readonly interaction?: string | undefined;
  /** Address and time of the next poll, if the response is deferred. */
  readonly deferred?: DeferredResponse | undefined;
  /** The profile's error code for the refused signature or token. */
  readonly refusal?: string | undefined;
  /** Components that the signature must cover in addition. */
  readonly covers?: readonly string[] | undefined;
}

/** The head of a response, from which a profile reads challenges. */
export interface ResponseHead {
  readonly status: number;
  readonly url: string;
  /**
   * Value of a field by its lower-case name; null if absent. `retry-after` is in seconds, even if
   * it was sent as a date.
   */
  field(name: string): string | null;
}

/** What a resource's response requires. */
export interface ResponseMeaning {
  readonly challenge?: Challenge | undefined;
  /** A session token, which replaces the previous one. */
  readonly session?: string | undefined;
}

/** A token to request from a trusted server, with a checked resource token. Plain data. */
export interface WantedToken {
  readonly server: string;
  readonly resource: string;
  /** Space-separated. The token is cached under it. */
  readonly scope: string;
  /** Distinguishes tokens of one server and scope, for example by kind. Default: unset. */
  readonly variant?: string | undefined;
  readonly resourceToken?: string | undefined;
  /** Values with which the profile compares the issued token. */
  readonly expects?: Readonly<Record<string, unknown>> | undefined;
}

/** Values with which a challenge is compared before it is followed. */
export interface ChallengeExpectation {
  readonly trustedServers: readonly string[];
  /** Identifier of the resource that was called. */
  readonly resource: string;
  /** Own identifier. */
  readonly agent: string;
  /** Thumbprint of the key that signed the request. */
  readonly thumbprint: string;
  /** The token for this resource that the request carried, if any. */
  readonly presented: string | undefined;
  /** Unix seconds. */
  readonly now: number;
  /** Finds the resource's keys. Default: the resource token's signature is not verified. */
  readonly discovery?: Discovery | undefined;
}

/** Facts of a call that do not depend on the last step. */
export interface CallCircumstances {
  /** Identifier of the resource. */
  readonly resource: string;
  /**
   * Address to which the person returns. Undefined for a call that sends no person to a resource.
   */
  readonly returnUrl: string | undefined;
  /** Space-separated scopes that the call is expected to need. */
  readonly scope: string | undefined;
  /** Thumbprint of the key with which the call signs. */
  readonly thumbprint: string;
}

/** Reason for another attempt: a required identity or authorization, or a refused token. */
export type RetryReason = "identity" | "authorization" | "token_refused";

/** Next step of a call. */
export type CallStep =
  /** Signs and sends the request, with a bare key, the agent's identity, or a token. */
  | { readonly do: "send"; readonly as: "key" | "identity"; readonly reason?: RetryReason | undefined }
  | {
      readonly do: "send";
      readonly as: "token";
      readonly token: string;
      readonly reason?: RetryReason | undefined;
    }
  /** Sends the request again. This request and all later ones cover the additional components. */
  | { readonly do: "cover"; readonly components: readonly string[] }
  /** Requests a resource token before the call, with `token` or the agent's identity. */
  | { readonly do: "offer"; readonly scope: string; readonly token?: string | undefined }
  /**
   * Obtains a token from the cache, by renewal, or by a request. `keepsResponse`: the last response
   * may still be returned.
   */
  | { readonly do: "obtain"; readonly challenge: Challenge; readonly keepsResponse: boolean }
  /** Discards the cached token and looks for another. */
  | { readonly do: "discard-held" }
  /**
   * Drops the token that the resource rejected, and ends the call with the error text of the last
   * response.
   */
  | { readonly do: "report-rejected" }
  /** Polls for the deferred response, and from now on presents `token`, if given. */
  | { readonly do: "poll"; readonly deferred: DeferredResponse; readonly token?: string | undefined }
  | { readonly do: "answer" }
  /** `forgets`: drops the last requested token from the cache. */
  | { readonly do: "throw"; readonly error: unknown; readonly forgets?: boolean | undefined };

/** The outcome of the last step. */
export type CallOutcome =
  | {
      readonly type: "started";
      readonly token?: string | undefined;
      readonly held?: { readonly isCurrentKey: boolean } | undefined;
      /** A token about to expire. It is presented only if it cannot be replaced. */
      readonly ageing?: string | undefined;
    }
  | { readonly type: "offered"; readonly challenge: Challenge | undefined }
  /** Never 429 or 503 after a poll, because the engine then polls again. */
  | { readonly type: "response"; readonly status: number; readonly challenge: Challenge | undefined }
  /** `isHeld`: from the cache. */
  | { readonly type: "obtained"; readonly token: string; readonly isHeld: boolean }
  | { readonly type: "obtain-failed"; readonly error: unknown }
  | { readonly type: "held"; readonly token: string | undefined };

/** State of a call: plain data, defined by the profile. */
export type CallState = Readonly<Record<string, unknown>>;

/** An agent's reaction to responses in one dialect. */
export interface CallRules {
  /** Further members of a call's context, all strings. Default: none. */
  readonly contextStrings?: readonly string[];
  /** Additional fields of every request to a resource. Default: none. */
  readonly requestFields?: (facts: {
    /** Capabilities of the caller, by their names in the profile. */
    readonly capabilities: readonly string[];
    /** Session token that the resource has issued, if any. */
    readonly session: string | undefined;
  }) => Readonly<Record<string, string>>;
  /**
   * Reads the challenge and the session token of a response, if any. Called for every response,
   * whatever its status.
   *
   * @throws AAuthAgentError `malformed_challenge`, `unsupported_algorithm`
   */
  readResponse(response: ResponseHead): ResponseMeaning;
  /**
   * Checks a challenge, and with `discovery` the signature of its resource token, where it is not
   * only the redeeming server that verifies it.
   *
   * @throws AAuthAgentError `challenge_untrusted`, `malformed_challenge`, or of the token and
   *   discovery groups
   */
  checkChallenge(challenge: Challenge, expected: ChallengeExpectation): Awaitable<WantedToken>;
  /**
   * Looks up the components that the resource publishes as required, for requests with a query.
   * Undefined for a profile whose documents list none.
   */
  readonly publishedComponents?: (
    resource: string,
    discovery: Discovery,
  ) => Promise<readonly string[] | undefined>;
  /** Undefined for a profile whose deferred responses involve no person and no question. */
  readonly deferral?: DeferralRules;
  /** The next step of a call. Pure. */
  decide(
    state: CallState,
    outcome: CallOutcome,
    circumstances: CallCircumstances,
  ): { readonly state: CallState; readonly step: CallStep };
}
