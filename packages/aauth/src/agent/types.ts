/**
 * What an agent is configured with, what it does, and what its methods receive.
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import type { Transport } from "../discovery/transport.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { WireProfile } from "../profiles/wire-profile.ts";
import type { SigningKey } from "../types.ts";
import type { AgentObserver } from "./events.ts";
import type { Grant, TokenCache } from "./grant-cache.ts";

/** An agent: one identity that calls resources. Every method may be called at the same time as any other. */
export interface Agent {
  /**
   * A function to be used like `fetch`: it signs, follows a challenge that can be trusted, and gives the final response,
   * whose body streams. Redirects are not followed. A response that is no challenge comes back as it is, 401 included; one that
   * rejects the auth token does not.
   *
   * Does NOT verify the response, follow redirects, or retry a connection that failed.
   *
   * @throws TypeError for a member of the context that could never work.
   * @throws ConsentRequiredError from the fetch: the auth server requires the user's consent.
   * @throws UserInteractionRequiredError from the fetch, where `returnUrl` is given.
   * @throws TokenRequestError from the fetch: the auth server refused.
   * @throws TokenRejectedError from the fetch: the resource rejected the auth token, also a new one where it was held.
   * @throws AAuthAgentError from the fetch: `malformed_challenge`, `challenge_untrusted`, `challenge_repeated`, `identity_required`,
   * `unsupported_algorithm`, `token_request_failed`, `grant_pending`, or of the discovery group; `missing_component`,
   * `malformed_signature_key` or `header_too_large` for what cannot be signed.
   * @throws TypeError from the fetch for what `fetch` refuses, too.
   * @throws RangeError from the fetch for a body over `maxRequestBodyBytes`.
   * @throws the reason of a signal, and what the transport and the token cache throw.
   */
  fetchFor(context?: FetchContext): typeof fetch;
  /**
   * Asks for an auth token for this agent itself, which is then the resource, too: to learn who a user is, or for its own
   * delegates (SPEC 3.5). With identity scopes the user is asked, and the token comes by {@link Agent.redeemCode}.
   *
   * @throws ConsentRequiredError
   * @throws TokenRequestError
   * @throws AAuthAgentError `challenge_untrusted`, `token_request_failed`, `grant_pending`, or of the discovery group.
   */
  requestOwnToken(input: OwnTokenInput): Promise<Grant>;
  /**
   * Exchanges the code that came back with the user's consent for an auth token.
   *
   * Does NOT check that the `state` beside the code is the user's: the application does.
   *
   * @throws TokenRequestError
   * @throws AAuthAgentError `challenge_untrusted`, `token_request_failed`, `grant_pending`, or of the discovery group.
   */
  redeemCode(input: RedeemCodeInput): Promise<Grant>;
  /**
   * Keeps a grant for calls made with the same `cacheKey`: they present its token, and renew it by its refresh token. For an agent that
   * has to judge whose consent a code brought before it is used. Does nothing with a grant that names no single resource, or is bound to a
   * key that is gone.
   */
  keep(input: KeepInput): Promise<void>;
  /**
   * Revokes a refresh token: the auth server forgets it, and that the user has consented (RFC 7009). An auth token already issued
   * lives on until it expires, but is not presented again where `kept` says whose it is.
   *
   * @throws TokenRequestError; what is kept stays then.
   * @throws AAuthAgentError `challenge_untrusted`, `token_request_failed`, or of the discovery group; what is kept stays then.
   */
  revoke(input: RevokeInput): Promise<void>;
}

/** Who an agent is, whom it trusts, and what it calls with. */
export interface AgentOptions {
  /** Own identifier, published by the agent's document. */
  readonly id: string;
  /** The dialect it speaks with resources. Default `february2026`. An agent with peers of several dialects creates one agent for each. */
  readonly profile?: WireProfile | undefined;
  /** A variant of `profile` that it speaks with auth servers. Default: `profile`. */
  readonly serverProfile?: WireProfile | undefined;
  /**
   * Signs everything; one call uses one key throughout. Where keys are rotated, a {@link KeyRing}: tokens and consents bound to an
   * earlier key are then used with that key for as long as it is kept.
   */
  readonly key: SigningKey | (() => SigningKey) | KeyRing;
  /** How the first request to a resource is signed: anonymous (`hwk`) or with the identity (`jwks`). */
  readonly signatureScheme: "hwk" | "jwks";
  /** For a delegate: its current agent token, bound to this key, which then takes the place of scheme jwks. Default: none; the agent is itself. */
  readonly agentToken?: ((key: SigningKey) => Promise<string>) | undefined;
  /** Issuer identifiers of the auth servers a challenge may send this agent to. */
  readonly trustedAuthServers: readonly string[];
  /** Where the user comes back to after consent. Default: none; an auth server that needs consent refuses. */
  readonly redirectUri?: string | undefined;
  /** Finds the endpoints of auth servers and resources: `createDiscovery()`. */
  readonly discovery: Discovery;
  /** Default: undici's pooled dispatcher; `fetch` in browsers. */
  readonly transport?: Transport | undefined;
  /** Default: in memory, 1000 tokens. */
  readonly tokenCache?: TokenCache | undefined;
  /** Receives what happens in every call. What it throws is ignored. Default: none. */
  readonly observer?: AgentObserver | undefined;
  /** Put whole tokens into events, for demonstrations. Default false: an observer gets a short id and the claims. */
  readonly revealTokens?: boolean | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** With scheme hwk: say who it is when a resource asks. Default true. */
  readonly raiseScheme?: boolean | undefined;
  /** A body is kept in memory for its digest and for a retry. `Infinity` for no bound. Default 1 MiB. */
  readonly maxRequestBodyBytes?: number | undefined;
  /** Milliseconds each. */
  readonly timeouts?: {
    /** Until a resource's response headers are here. `Infinity` where every call brings a signal that sees to it. Default 120000. */
    readonly requestMs?: number | undefined;
    /** For a whole token request. `Infinity` as above. Default 10000. */
    readonly tokenRequestMs?: number | undefined;
    /** How long to poll for a grant, or for the answer of a resource, that is pending. `Infinity` where a signal sees to it. Default 120000. */
    readonly pendingMs?: number | undefined;
  };
}

/** One call's circumstances. Nothing of it outlives the calls made with it, except tokens kept under `cacheKey`. */
export interface FetchContext extends CallControl {
  /** Sent with a token request and back with the user's consent. Default: none. */
  readonly state?: string | undefined;
  /** The auth token of the caller on whose behalf this call is made: tokens are then had by exchange. Default: none; the agent calls for itself or a user. */
  readonly upstreamToken?: string | undefined;
  /** An auth token to present from the first try on. It is not kept. Default: one that is held for the resource. */
  readonly authToken?: string | undefined;
  /** Names the user this call is made for, so that a token that speaks for this user is kept for the next call. Default: such a token is used once. */
  readonly cacheKey?: string | undefined;
  /** Identifier of the resource. Default: the origin of the URL. */
  readonly resource?: string | undefined;
  /**
   * Space-separated scopes that the call is known to need. Without a held token they are asked for at the resource's
   * `resource_token_endpoint`, and the call itself goes out once, with an auth token. Where that does not work the call is made all
   * the same, and its challenge counts.
   */
  readonly scope?: string | undefined;
  /** Where a user comes back to after an interaction with the resource; without it such a challenge is the response. Default: none. */
  readonly returnUrl?: string | undefined;
  /**
   * `keyThumbprint` of a `UserInteractionRequiredError`: the request is made again with the key that the user's answer is for, and
   * with no token of another. Default: the current key, which also takes the place of one that is gone.
   */
  readonly keyThumbprint?: string | undefined;
}

/** What each call may bring, whatever it asks for. */
export interface CallControl {
  /** Receives the events of this call, beside the agent's observer. Default: none. */
  readonly observer?: AgentObserver | undefined;
  /** Ends the request, and rejects with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** A token for the agent itself. */
export interface OwnTokenInput extends CallControl {
  /** Issuer identifier; one of `trustedAuthServers`. */
  readonly authServer: string;
  /** Space-separated: `openid`, `profile`, `email`, scopes of the agent itself. */
  readonly scope: string;
  /** Sent along and back with the user's consent. Default: none. */
  readonly state?: string | undefined;
  /** Default: the agent's. */
  readonly redirectUri?: string | undefined;
}

/** A code that came back with the user's consent. */
export interface RedeemCodeInput extends CallControl {
  /** Issuer identifier; one of `trustedAuthServers`. `authServer` of the {@link ConsentRequiredError}. */
  readonly authServer: string;
  /** From the query of the redirect. */
  readonly code: string;
  /** Default: the agent's. */
  readonly redirectUri?: string | undefined;
  /** Keeps the token, and a refresh token, for calls of this user made with the same `cacheKey`. See {@link Agent.keep}. Default: neither is kept. */
  readonly cacheKey?: string | undefined;
  /** `keyThumbprint` of the {@link ConsentRequiredError}: no other key can redeem the code. Default: the current key. */
  readonly keyThumbprint?: string | undefined;
}

/** A grant, and for whom it is kept. */
export interface KeepInput {
  /** As a method of the agent returned it. */
  readonly grant: Grant;
  /** Names the user it is kept for. */
  readonly cacheKey: string;
}

/** A refresh token to revoke. */
export interface RevokeInput extends CallControl {
  /** Issuer identifier; one of `trustedAuthServers`. */
  readonly authServer: string;
  /** As a grant has it. */
  readonly refreshToken: string;
  /** Whose tokens are dropped, too: those kept for this user at this resource. Default: nothing is dropped. */
  readonly kept?: { readonly resource: string; readonly cacheKey: string };
}
