/**
 * What an agent is configured with, what it does, and what its methods receive.
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import type { Transport } from "../discovery/transport.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { ApprovedMission, MissionProposal } from "../profile/token-requests.ts";
import type { Clarification, Interaction } from "../profile/waiting.ts";
import type { AgentProfile } from "../profile/wire-profile.ts";
import type { Stores } from "../store/stores.ts";
import type { SigningKey, WaitingCall } from "../types.ts";
import type { AgentObserver } from "./events.ts";
import type { ObtainedToken } from "./token-cache.ts";

/**
 * An agent: one identity that calls resources. Every method may be called at the same time as any
 * other.
 */
export interface Agent {
  /**
   * A function to be used like `fetch`: it signs, follows a challenge that can be trusted, and
   * gives the final response, whose body streams. Redirects are not followed. A response that is no
   * challenge comes back as it is, 401 included; one that rejects the auth token does not.
   *
   * Does NOT verify the response, follow redirects, or retry a connection that failed.
   *
   * @throws TypeError for a member of the context that could never work.
   * @throws ConsentRequiredError from the fetch: the auth server requires the user's consent.
   * @throws UserInteractionRequiredError from the fetch, where `returnUrl` is given.
   * @throws AnswerPendingError from the fetch, in profiles with answers that come later: see
   * `waiting` of the context.
   * @throws TokenRequestError from the fetch: the server refused.
   * @throws TokenRejectedError from the fetch: the resource rejected the auth token, also a new one
   * where it was held.
   * @throws AAuthAgentError from the fetch: `malformed_challenge`, `challenge_untrusted`,
   * `challenge_repeated`, `identity_required`, `unsupported_algorithm`, `token_request_failed`, or
   * of the discovery group; in draft -11 `person_required`, `unsupported_requirement`,
   * `payment_required`, `request_cancelled`, and `malformed_token` for the upstream token;
   * `missing_component`, `malformed_signature_key` or `header_too_large` for what cannot be signed.
   * `hop` names the party that it is about.
   * @throws TypeError from the fetch for what `fetch` refuses, too.
   * @throws RangeError from the fetch for a body over `maxRequestBodyBytes`.
   * @throws the reason of a signal, and what the transport and the token store throw.
   */
  fetchFor(context?: FetchContext): typeof fetch;
  /**
   * Resumes a waiting call ({@link AnswerPendingError}): polls for the answer, and makes the rest
   * of the call. The key that the answer is for has to be held here. The call's `waiting`, signal,
   * observer and functions are those of `context`; what else it was made with is in `waiting`.
   *
   * @throws TypeError for a value that is not one of {@link WaitingCall}, or is of another profile.
   * @throws AAuthAgentError `waiting_key_gone`; and what the fetch of {@link Agent.fetchFor}
   * throws, {@link AnswerPendingError} again included.
   */
  resume(waiting: WaitingCall, context?: ResumeContext): Promise<Response>;
  /**
   * Asks for a token for a sub-agent, bound to its key: a person token for `resource`, or an auth
   * token for `resourceToken`. It is not cached here.
   *
   * @throws TokenRequestError
   * @throws AAuthAgentError `token_agent_mismatch` for a sub-agent of another agent,
   * `challenge_untrusted` for a resource token that is not for the sub-agent's key and the token it
   * showed, `person_required`, `token_request_failed`, `grant_pending`, or of the discovery group.
   * @throws what `onInteraction` throws; the request is still deferred at the server then, for the
   * person to decide
   */
  tokenForSubAgent(input: SubAgentTokenInput): Promise<ObtainedToken>;
  /**
   * Proposes a mission to the agent's person server and waits for its approval. Calls with its `id`
   * as `mission` are part of it. The person tokens that come with the approval are cached for them.
   *
   * @throws TokenRequestError
   * @throws AAuthAgentError `person_required`, `token_request_failed`, `grant_pending`,
   * `request_cancelled`, or of the discovery group.
   */
  proposeMission(input: ProposeMissionInput): Promise<Pick<ApprovedMission, "id" | "mission">>;
}

/** Who an agent is, whom it trusts, and what it calls with. */
export interface AgentOptions {
  /** Own identifier, published by the agent's document. */
  readonly id: string;
  /**
   * The dialect it speaks with resources. Default `draft11`. An agent with peers of several
   * dialects creates one agent for each.
   */
  readonly profile?: AgentProfile | undefined;
  /** A variant of `profile` that it speaks with auth servers. Default: `profile`. */
  readonly serverProfile?: AgentProfile | undefined;
  /**
   * Signs everything; one call uses one key throughout. Where keys are rotated, a {@link KeyRing}:
   * tokens and consents bound to an earlier key are then used with that key for as long as it is
   * kept.
   */
  readonly key: SigningKey | (() => SigningKey) | KeyRing;
  /**
   * How the first request to a resource is signed: anonymous (`hwk`) or with the identity (`jwks`).
   * Needed where the profile has both: in that of draft -11 an agent always says who it is.
   */
  readonly signatureScheme?: "hwk" | "jwks" | undefined;
  /**
   * The current agent token, bound to this key: of a delegate, or in draft -11 of any agent that
   * has an agent provider. Default: none. The agent is itself then: it publishes its keys at its
   * own identifier, and in draft -11 issues its agent tokens with them.
   */
  readonly agentToken?: ((key: SigningKey) => Promise<string>) | undefined;
  /**
   * Issuer identifiers of the auth servers a challenge may send this agent to. In draft -11 the
   * first one is the agent's person server, the only server it asks; without one it is the `ps` of
   * its agent token.
   */
  readonly trustedAuthServers: readonly string[];
  /**
   * For a sub-agent: where its tokens come from, as {@link Agent.tokenForSubAgent} of the parent,
   * in this process or behind a channel to it. `agentToken` names the parent, and
   * `trustedAuthServers` its person server. Default: none; the agent asks its person server.
   */
  readonly parent?: ((input: SubAgentTokenInput) => Promise<ObtainedToken>) | undefined;
  /**
   * Where the user comes back to after consent. Default: none; an auth server that needs consent
   * refuses.
   */
  readonly redirectUri?: string | undefined;
  /** Finds the endpoints of auth servers and resources: `createDiscovery()`. */
  readonly discovery: Discovery;
  /**
   * Default: undici's pooled dispatcher; `fetch` in browsers. In draft -11, where a caller's token
   * may name the person server, requests to servers go to `https` only and, outside browsers, to no
   * private address.
   */
  readonly transport?: Transport | undefined;
  /**
   * Stores of the agent's tokens: those of users and refresh tokens are among them, so that a
   * store outside of the process has to protect them. A token for which there is no room is not
   * kept, and a later call gets one of its own. Agents with one `id` share tokens where their keys
   * are the same. Default: in memory.
   */
  readonly stores?: Pick<Stores, "records"> | undefined;
  /** Receives what happens in every call. What it throws is ignored. Default: none. */
  readonly observer?: AgentObserver | undefined;
  /**
   * Put whole tokens into events, for demonstrations. Default false: an observer gets a short id
   * and the claims.
   */
  readonly revealTokens?: boolean | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** With scheme hwk: say who it is when a resource asks. Default true. */
  readonly mayIdentify?: boolean | undefined;
  /**
   * A body is kept in memory for its digest and for a retry. `Infinity` for no bound. Default 1
   * MiB.
   */
  readonly maxRequestBodyBytes?: number | undefined;
  /** Milliseconds each. */
  readonly timeouts?: {
    /**
     * Until a resource's response headers are here. `Infinity` where every call brings a signal
     * that sees to it. Default 120000.
     */
    readonly requestMs?: number | undefined;
    /** For a whole token request. `Infinity` as above. Default 10000. */
    readonly tokenRequestMs?: number | undefined;
    /**
     * How long to poll for a token, or for the response of a resource, that is deferred, before an
     * {@link AnswerPendingError}. `Infinity` where a signal sees to it. Default 120000.
     */
    readonly pendingMs?: number | undefined;
  };
}

/**
 * One call's circumstances. Nothing of it outlives the calls made with it, except tokens cached
 * under `cacheKey`.
 */
export interface FetchContext extends WaitingControl {
  /** Sent with a token request and back with the user's consent. Default: none. */
  readonly state?: string | undefined;
  /**
   * The token of the caller on whose behalf this call is made: tokens are then had by exchange. In
   * draft -11 it is the person token or auth token of a request that was served, VERIFIED: it names
   * the server that is asked. Default: none; the agent calls for itself or a user.
   */
  readonly upstreamToken?: string | undefined;
  /**
   * An auth token to present from the first try on. It is not cached. Default: one that is held for
   * the resource.
   */
  readonly authToken?: string | undefined;
  /**
   * Names the user this call is made for, so that a token that speaks for this user is cached for
   * the next call. Default: such a token is used once; in draft -11, where an agent acts for one
   * person, it is cached.
   */
  readonly cacheKey?: string | undefined;
  /** Identifier of the resource. Default: the origin of the URL. */
  readonly resource?: string | undefined;
  /**
   * Space-separated scopes that the call is known to need. Without a held token they are asked for
   * at the resource's `resource_token_endpoint`, and the call itself goes out once, with an auth
   * token. Where that does not work the call is made all the same, and its challenge counts.
   */
  readonly scope?: string | undefined;
  /**
   * Where a user comes back to after an interaction; a dialect that needs it returns such a
   * challenge as the response. Default: none.
   */
  readonly returnUrl?: string | undefined;
  /**
   * `keyThumbprint` of a `UserInteractionRequiredError`: the request is made again with the key
   * that the user's answer is for, and with no token of another. Default: the current key, which
   * also takes the place of one that is gone.
   */
  readonly keyThumbprint?: string | undefined;
  /**
   * The mission that this call is part of: `id` of {@link Agent.proposeMission}. Not with an
   * upstream token. Default: none.
   */
  readonly mission?: string | undefined;
  /** Why the call is made, for the person who is asked. Markdown. Default: unset. */
  readonly justification?: string | undefined;
  /** Who the person is, for a person server that does not know yet. Default: unset. */
  readonly loginHint?: string | undefined;
}

/**
 * How a call takes part in the waiting for an answer, where the profile has answers that come
 * later.
 */
export interface WaitingControl extends CallControl {
  /**
   * `poll` waits in the call, up to `timeouts.pendingMs`. `throw` ends it with an
   * {@link AnswerPendingError} instead, as soon as it would have to wait: for a person, too, whom
   * the caller then brings to the page that the error names. A question that `onClarification`
   * answers does not end it. Default `poll`.
   */
  readonly waiting?: "poll" | "throw" | undefined;
  /**
   * Brings a person to a page: opens a browser, or shows address and code. Polling starts once it
   * returns. Default: none; where a person has to act a server refuses, or the call ends with an
   * {@link AnswerPendingError}.
   */
  readonly onInteraction?: ((request: InteractionRequest) => Promise<void> | void) | undefined;
  /**
   * Receives, each time that the call begins to wait, what {@link Agent.resume} would go on with,
   * here or in another process. The call waits for it first, so that a store has it. It has tokens
   * in it, all bound to the agent's key. Of calls without `onInteraction` that wait for one token
   * together one receives it. What it throws ends the call. Default: none.
   */
  readonly onWaiting?: ((waiting: WaitingCall) => Promise<void> | void) | undefined;
  /**
   * Answers a question about the request, at most 5 times. Default: none; a question ends the call
   * with an {@link AnswerPendingError}.
   */
  readonly onClarification?: ((question: Clarification) => Promise<ClarificationReply>) | undefined;
}

/** Context of a resumed call. */
export interface ResumeContext extends WaitingControl {}

/** Where a person has to act. */
export interface InteractionRequest extends Interaction {
  /**
   * What a browser opens: the address with the code, and with the `returnUrl` of the call. It is
   * not judged where it is: show its host to the person, as the party may be one that they have
   * never heard of.
   */
  readonly page: string;
  /** Identifier of the resource or server that the page is of: the origin of `url`. */
  readonly party: string;
}

/** The answer to a question: words, less scope, or the end of the request. */
export type ClarificationReply =
  | { readonly action: "respond"; readonly response: string }
  /**
   * Asks the resource for a new resource token for this scope, space-separated, and continues with
   * it.
   */
  | { readonly action: "reduce"; readonly scope: string; readonly justification?: string | undefined }
  | { readonly action: "cancel" };

/** A token for a sub-agent. Its waiting ends with `timeouts.pendingMs`. */
export interface SubAgentTokenInput
  extends Pick<WaitingControl, "onInteraction" | keyof CallControl>,
    Pick<FetchContext, "returnUrl" | "justification" | "loginHint"> {
  /** Agent token of the sub-agent; its `parent_agent` is this agent. */
  readonly subagentToken: string;
  /** Identifier of the resource. */
  readonly resource: string;
  /** What the resource demanded of the sub-agent. Default: none; a person token is asked for. */
  readonly resourceToken?: string | undefined;
  /** The token that the sub-agent showed the resource. Needed with a resource token. */
  readonly presentedToken?: string | undefined;
}

/** A mission to propose. Its waiting ends with `timeouts.pendingMs`. */
export interface ProposeMissionInput extends MissionProposal, Omit<WaitingControl, "waiting" | "onWaiting"> {
  /** Who the person is, for a person server that does not know yet. Default: unset. */
  readonly loginHint?: string | undefined;
}

/** What each call may bring, whatever it asks for. */
export interface CallControl {
  /** Receives the events of this call, beside the agent's observer. Default: none. */
  readonly observer?: AgentObserver | undefined;
  /** Ends the request, and rejects with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
}
