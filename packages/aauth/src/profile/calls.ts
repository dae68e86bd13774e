/**
 * What an agent does about a response in one dialect.
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import type { Clarification, Interaction, PendingState } from "./waiting.ts";

/** What a response demands before the request is served. Plain data: it outlives the call where a person has to be waited for. */
export interface Demand {
  /** What the caller has to prove, in the words of the profile's levels. */
  readonly level: string;
  /** The check that failed, where the answer names it. */
  readonly failedCheck?: string;
  /** A resource token to exchange, as the profile carries it; not yet checked. */
  readonly resourceToken?: string;
  /** Where it is to be exchanged; not yet trusted. */
  readonly server?: string;
  /** Where a person can act on it. */
  readonly interaction?: string;
  /** Where the answer will be, and when to look again. */
  readonly pending?: PendingState;
  /** Why a signature or the token with it was refused, in the profile's words. */
  readonly refusal?: string;
  /** Components that a signature has to cover beside those it did. */
  readonly covers?: readonly string[];
}

/** The head of a response: what a profile reads demands from. */
export interface ResponseHead {
  readonly status: number;
  readonly url: string;
  /** The value of a field by its lower-case name; null when there is none. */
  field(name: string): string | null;
}

/** A demand that may be followed: it names a trusted server, and its resource token is for this agent, key and resource. Plain data. */
export interface TokenDemand {
  readonly server: string;
  readonly resource: string;
  /** Space-separated. What a token for this demand is kept under. */
  readonly scope: string;
  /** What distinguishes tokens of one server and scope, such as their kind. Default: nothing does. */
  readonly variant?: string;
  readonly resourceToken?: string;
  /** What the profile compares the token with that comes. */
  readonly expects?: Readonly<Record<string, unknown>>;
}

export interface DemandExpectation {
  readonly trustedServers: readonly string[];
  /** Identifier of the resource that was called. */
  readonly resource: string;
  /** Own identifier. */
  readonly agent: string;
  /** Thumbprint of the key that signed the request. */
  readonly thumbprint: string;
  /** The token that the request carried, if one was obtained for this resource. */
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
  /** Whether the caller can send a person to an address of the resource. */
  readonly mayInteract: boolean;
  /** Space-separated scopes that the call is known to need. */
  readonly scope: string | undefined;
}

/** Why an agent sends a request again: it was asked for an identity or an authorization, or its token was refused. */
export type RetryReason = "identity" | "authorization" | "token_refused";

/** What the engine does next. */
export type CallStep =
  /** Sign and send, with the agent's first credential, its identity, or a token. */
  | { readonly do: "send"; readonly as: "first" | "identity"; readonly reason?: RetryReason }
  | { readonly do: "send"; readonly as: "token"; readonly token: string; readonly reason?: RetryReason }
  /** Send the same again, covering more; so does whatever follows. */
  | { readonly do: "cover"; readonly components: readonly string[] }
  /** Ask the resource for a resource token before it is called, with `token` or the identity. */
  | { readonly do: "offer"; readonly scope: string; readonly token?: string }
  /** Get a token for a demand: from the cache, by renewal, or by a request. `keepsResponse`: the last response may still be the answer. */
  | { readonly do: "obtain"; readonly demand: Demand; readonly keepsResponse: boolean }
  /** Never present the held token again, and look for another. */
  | { readonly do: "discard-held" }
  /** The resource rejects the token that it was sent: drop it, and end the call with the words of the last response. */
  | { readonly do: "report-rejected" }
  /**
   * Wait, and look again; from here on with `token`, where one is given. `slower`: the server has been asked too often, and all further
   * looks are 5 s further apart.
   */
  | {
      readonly do: "poll";
      readonly pending: PendingState;
      readonly token?: string;
      readonly slower?: boolean;
    }
  /** Send a person to the address. */
  | { readonly do: "ask"; readonly interaction: string }
  | { readonly do: "answer" }
  /** `forgets`: the token for the last demand is dropped. */
  | { readonly do: "throw"; readonly error: unknown; readonly forgets?: boolean };

/** What has come of the last step. */
export type CallOutcome =
  | {
      readonly type: "started";
      readonly token?: string;
      readonly held?: { readonly isCurrentKey: boolean };
      /** A token that is about to expire: to be replaced, and presented only where it cannot be. */
      readonly ageing?: string;
    }
  | { readonly type: "offered"; readonly demand: Demand | undefined }
  | {
      readonly type: "response";
      readonly status: number;
      readonly demand: Demand | undefined;
      /** From `Retry-After`; NaN where it is absent or no number. */
      readonly retryAfterSeconds: number;
    }
  /** `isHeld`: from the cache. */
  | { readonly type: "obtained"; readonly token: string; readonly isHeld: boolean }
  | { readonly type: "obtain-failed"; readonly error: unknown }
  | { readonly type: "held"; readonly token: string | undefined };

/** Where a call stands: plain data, the profile's own. */
export type CallState = Readonly<Record<string, unknown>>;

export interface CallRules {
  /** Query parameter that names, at an interaction's address, where the person comes back to. */
  readonly returnParameter: string;
  /** What a browser opens for an interaction of a pending answer. Undefined where there are none. */
  readonly pageOf?: (interaction: Interaction, returnUrl: string | undefined) => string;
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
   * The session token in a response, which replaces the one before. Undefined for a profile without sessions.
   *
   * @throws AAuthAgentError `malformed_challenge`
   */
  readonly readSession?: (response: ResponseHead) => string | undefined;
  /** The question in the body of a pending answer that requires a clarification; undefined for a body without one. */
  readonly readQuestion?: (members: Readonly<Record<string, unknown>>) => Clarification | undefined;
  /**
   * The demand of a response, if it has one. Runs on every response, whatever its status.
   *
   * @throws AAuthAgentError `malformed_challenge`, `unsupported_algorithm`
   */
  readDemand(response: ResponseHead): Demand | undefined;
  /** @throws AAuthAgentError `challenge_untrusted`, `malformed_challenge` */
  checkDemand(demand: Demand, expected: DemandExpectation): TokenDemand;
  /**
   * Verifies the signature of a resource token that has passed {@link checkDemand}. Undefined where only the server that redeems it does.
   *
   * @throws AAuthAgentError of the token and discovery groups
   */
  readonly proveDemand?: (resourceToken: string, discovery: Discovery) => Promise<void>;
  /**
   * Components that the resource publishes to demand, looked up for requests with a query.
   * Undefined for a profile whose documents list none.
   */
  readonly publishedComponents?: (
    resource: string,
    discovery: Discovery,
  ) => Promise<readonly string[] | undefined>;
  /** The next step of a call. Pure. */
  decide(
    state: CallState,
    outcome: CallOutcome,
    circumstances: CallCircumstances,
  ): { readonly state: CallState; readonly step: CallStep };
}
