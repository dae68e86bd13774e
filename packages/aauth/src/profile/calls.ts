/**
 * How an agent meets what a resource requires in one dialect.
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import type { DeferralRules, DeferredResponse } from "./waiting.ts";

/**
 * What a response requires before the request is served. Plain data: it outlives a call that waits.
 */
export interface Challenge {
  /**
   * What the caller has to prove, in the words of the profile's levels; empty where it is not said.
   */
  readonly level: string;
  /** The check that failed, where the answer names it. */
  readonly failedCheck?: string | undefined;
  /** A resource token to exchange, as the profile carries it; not yet checked. */
  readonly resourceToken?: string | undefined;
  /** Where it is to be exchanged; not yet trusted. */
  readonly server?: string | undefined;
  /** Where a person can act on it. */
  readonly interaction?: string | undefined;
  /** Where the answer will be, and when to poll for it. */
  readonly deferred?: DeferredResponse | undefined;
  /** Why a signature or the token with it was refused, in the profile's words. */
  readonly refusal?: string | undefined;
  /** Components that a signature has to cover beside those it did. */
  readonly covers?: readonly string[] | undefined;
}

/** The head of a response: what a profile reads challenges from. */
export interface ResponseHead {
  readonly status: number;
  readonly url: string;
  /** The value of a field by its lower-case name; null when there is none. */
  field(name: string): string | null;
}

/**
 * A token that may be asked for: of a trusted server, with a resource token for this agent, key and
 * resource. Plain data.
 */
export interface WantedToken {
  readonly server: string;
  readonly resource: string;
  /** Space-separated. The token is cached under it. */
  readonly scope: string;
  /**
   * What distinguishes tokens of one server and scope, such as their kind. Default: nothing does.
   */
  readonly variant?: string | undefined;
  readonly resourceToken?: string | undefined;
  /** What the profile compares the token with that comes. */
  readonly expects?: Readonly<Record<string, unknown>> | undefined;
}

/** What a challenge is compared with before it is followed. */
export interface ChallengeExpectation {
  readonly trustedServers: readonly string[];
  /** Identifier of the resource that was called. */
  readonly resource: string;
  /** Own identifier. */
  readonly agent: string;
  /** Thumbprint of the key that signed the request. */
  readonly thumbprint: string;
  /** The token for this resource that the request carried, if it did. */
  readonly presented: string | undefined;
  /** Unix seconds. */
  readonly now: number;
}

/** What is known before the first request goes out, and does not change during a call. */
export interface CallCircumstances {
  /** Whether the first request shows a key and nothing else. */
  readonly isAnonymous: boolean;
  /** Whether an anonymous agent may say who it is when it is asked. */
  readonly mayIdentify: boolean;
  /** Identifier of the resource. */
  readonly resource: string;
  /** Where a person comes back to. Undefined for a call that sends no person to a resource. */
  readonly returnUrl: string | undefined;
  /** Space-separated scopes that the call is known to need. */
  readonly scope: string | undefined;
}

/**
 * Why an agent sends a request again: it was asked for an identity or an authorization, or its
 * token was refused.
 */
export type RetryReason = "identity" | "authorization" | "token_refused";

/** What the engine does next. */
export type CallStep =
  /** Sign and send, with the agent's first scheme, its identity, or a token. */
  | { readonly do: "send"; readonly as: "first" | "identity"; readonly reason?: RetryReason | undefined }
  | {
      readonly do: "send";
      readonly as: "token";
      readonly token: string;
      readonly reason?: RetryReason | undefined;
    }
  /** Send the same again, covering more; so does whatever follows. */
  | { readonly do: "cover"; readonly components: readonly string[] }
  /** Ask the resource for a resource token before it is called, with `token` or the identity. */
  | { readonly do: "offer"; readonly scope: string; readonly token?: string | undefined }
  /**
   * Get a token: from the cache, by renewal, or by a request. `keepsResponse`: the last response
   * may still be the answer.
   */
  | { readonly do: "obtain"; readonly challenge: Challenge; readonly keepsResponse: boolean }
  /** Never present the cached token again, and look for another. */
  | { readonly do: "discard-held" }
  /**
   * The resource rejects the token that it was sent: drop it, and end the call with the words of
   * the last response.
   */
  | { readonly do: "report-rejected" }
  /** Poll for the deferred response; from here on with `token`, where one is given. */
  | { readonly do: "poll"; readonly deferred: DeferredResponse; readonly token?: string | undefined }
  /** End the call: a person has to act at this page of the resource. */
  | { readonly do: "ask"; readonly interactionUrl: string }
  | { readonly do: "answer" }
  /** `forgets`: the token that was wanted last is dropped from the cache. */
  | { readonly do: "throw"; readonly error: unknown; readonly forgets?: boolean | undefined };

/** The outcome of the last step. */
export type CallOutcome =
  | {
      readonly type: "started";
      readonly token?: string | undefined;
      readonly held?: { readonly isCurrentKey: boolean } | undefined;
      /** A token that is about to expire: to be replaced, and presented only where it cannot be. */
      readonly ageing?: string | undefined;
    }
  | { readonly type: "offered"; readonly challenge: Challenge | undefined }
  /** Never 429 or 503 after a poll: the engine polls again. */
  | { readonly type: "response"; readonly status: number; readonly challenge: Challenge | undefined }
  /** `isHeld`: from the cache. */
  | { readonly type: "obtained"; readonly token: string; readonly isHeld: boolean }
  | { readonly type: "obtain-failed"; readonly error: unknown }
  | { readonly type: "held"; readonly token: string | undefined };

/** Where a call stands: plain data, the profile's own. */
export type CallState = Readonly<Record<string, unknown>>;

/** How an agent of one dialect meets what responses demand. */
export interface CallRules {
  /** An agent always says who it is: there is no anonymous request. Default false. */
  readonly alwaysIdentified?: true;
  /** Fields of every request to a resource, beside those of the signature. Default: none. */
  readonly requestFields?: (facts: {
    /** What the caller can do for a resource, in the profile's words. */
    readonly capabilities: readonly string[];
    /** The session token that the resource has given, if it has. */
    readonly session: string | undefined;
  }) => Readonly<Record<string, string>>;
  /**
   * The session token in a response, which replaces the one before. Undefined for a profile without
   * sessions.
   *
   * @throws AAuthAgentError `malformed_challenge`
   */
  readonly readSession?: (response: ResponseHead) => string | undefined;
  /**
   * The challenge of a response, if it has one. Runs on every response, whatever its status.
   *
   * @throws AAuthAgentError `malformed_challenge`, `unsupported_algorithm`
   */
  readChallenge(response: ResponseHead): Challenge | undefined;
  /** @throws AAuthAgentError `challenge_untrusted`, `malformed_challenge` */
  checkChallenge(challenge: Challenge, expected: ChallengeExpectation): WantedToken;
  /**
   * Verifies the signature of a resource token that has passed {@link checkChallenge}. Undefined
   * where only the server that redeems it does.
   *
   * @throws AAuthAgentError of the token and discovery groups
   */
  readonly proveResourceToken?: (resourceToken: string, discovery: Discovery) => Promise<void>;
  /**
   * Components that the resource publishes to demand, looked up for requests with a query.
   * Undefined for a profile whose documents list none.
   */
  readonly publishedComponents?: (
    resource: string,
    discovery: Discovery,
  ) => Promise<readonly string[] | undefined>;
  /** Undefined where parties defer their responses, if at all, without a person or a question. */
  readonly deferral?: DeferralRules;
  /** The next step of a call. Pure. */
  decide(
    state: CallState,
    outcome: CallOutcome,
    circumstances: CallCircumstances,
  ): { readonly state: CallState; readonly step: CallStep };
}
