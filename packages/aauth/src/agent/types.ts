/**
 * Options, methods and arguments of an agent.
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import type { Transport } from "../discovery/transport.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { Observer } from "../profile/events.ts";
import type {
  ApprovedMission,
  CallFacts,
  MissionAction,
  MissionProposal,
  ObtainedToken,
  PermissionAnswer,
} from "../profile/token-requests.ts";
import type { Clarification, Interaction } from "../profile/waiting.ts";
import type { AgentProfile } from "../profile/wire-profile.ts";
import type { Stores } from "../store/stores.ts";
import type { SigningKey, WaitingCall } from "../types.ts";

/** An agent: one identity that calls resources. All methods may be called concurrently. */
export interface Agent {
  /**
   * Returns a function with the signature of `fetch`. It signs the request, follows trusted
   * challenges, and returns the final response, whose body streams. A response without a challenge
   * is returned unchanged, even a 401, unless it rejects the auth token.
   *
   * Does NOT verify the response, follow redirects, or retry a connection that failed.
   *
   * @throws TypeError for an invalid member of the context.
   * @throws StillWaitingError from the fetch, in profiles with deferred responses; see `waiting`
   *   of the context.
   * @throws TokenRequestError from the fetch: the server refused.
   * @throws TokenRejectedError from the fetch: the resource rejected the auth token, and a new one
   *   if the first was cached.
   * @throws AAuthAgentError from the fetch: `malformed_challenge`, `challenge_untrusted`,
   *   `challenge_repeated`, `identity_required`, `unsupported_algorithm`, `token_request_failed`,
   *   or of the discovery group; in draft -11 `person_required`, `unsupported_requirement`,
   *   `payment_required`, `request_cancelled`, and `malformed_token` for the upstream token;
   *   `missing_component`, `malformed_signature_key` or `header_too_large` for a request that
   *   cannot be signed. `hop` names the party concerned.
   * @throws TypeError from the fetch for arguments that `fetch` refuses.
   * @throws RangeError from the fetch for a body over `maxRequestBodyBytes`.
   * @throws the reason of a signal, and errors of the transport and the token store.
   */
  fetchFor(context?: FetchContext): typeof fetch;
  /**
   * Resumes a waiting call ({@link StillWaitingError}): polls for the response and completes the
   * call. The key that signed the request must be held here. `context` supplies the call's mode of
   * waiting, signal, observer and functions; `waiting` contains the rest.
   *
   * @throws TypeError for a value that is not a {@link WaitingCall}, or belongs to another profile.
   * @throws AAuthAgentError `waiting_key_gone`; and all errors of the fetch of
   *   {@link Agent.fetchFor}, including another {@link StillWaitingError}.
   */
  resume(waiting: WaitingCall, context?: WaitingControl): Promise<Response>;
  /**
   * Requests a token for a sub-agent, bound to the sub-agent's key: a person token for `resource`,
   * or an auth token for `resourceToken`. The token is not cached here.
   *
   * @throws TokenRequestError
   * @throws AAuthAgentError `token_agent_mismatch` for a sub-agent of another agent,
   *   `challenge_untrusted` for a resource token for another key or presented token,
   *   `person_required`, `token_request_failed`, `grant_pending`, or of the discovery group.
   * @throws errors of `onInteraction`; the request then remains deferred at the server, for the
   *   person to decide
   */
  tokenForSubAgent(input: SubAgentTokenInput): Promise<ObtainedToken>;
  /**
   * Proposes a mission to the agent's person server and waits for its approval. Calls with its `id`
   * as `mission` are part of it. The approval's person tokens are cached for these calls.
   *
   * @throws TokenRequestError
   * @throws StillWaitingError for a proposal that waits; see `resumed`
   * @throws AAuthAgentError `person_required`, `token_request_failed`, `request_cancelled`,
   *   `waiting_key_gone`, or of the discovery group.
   */
  proposeMission(input: ProposeMissionInput): Promise<AgentMission & Pick<ApprovedMission, "mission">>;
  /** An approved mission by its identifier, for example after a restart. */
  mission(id: string): AgentMission;
  /**
   * Asks the person server for the permission to do something that no resource governs, outside of
   * a mission. Does NOT hold the agent back: an agent must not proceed unless `isGranted`.
   *
   * @throws as {@link Agent.proposeMission}
   */
  askPermission(action: MissionAction, control?: MissionControl): Promise<PermissionAnswer>;
}

/**
 * An approved mission. After its end, each method and each call with its `id` throws
 * AAuthAgentError `mission_terminated` without sending anything. Methods also throw as
 * {@link Agent.proposeMission}.
 */
export interface AgentMission {
  /** Its `s256`, for `mission` of {@link FetchContext}. */
  readonly id: string;
  /** Like {@link Agent.askPermission}, judged by the mission. Its approved tools need none. */
  ask(action: MissionAction, control?: MissionControl): Promise<PermissionAnswer>;
  /** Records in the mission's log what was done. */
  record(done: MissionAction, control?: CallControl): Promise<void>;
  /**
   * Tells the person what has changed. The mission and its tokens remain.
   *
   * @returns digest of the accepted update
   */
  update(description: string, control?: MissionControl): Promise<string>;
  /** Proposes that the mission is complete. The person's consent ends it. */
  complete(summary: string, control?: MissionControl): Promise<void>;
}

/** A request to the person server that may wait for the person. */
export interface MissionControl extends WaitingControl, Pick<FetchContext, "returnUrl"> {
  /**
   * `waiting` of a {@link StillWaitingError} of the same request, which is continued. Default:
   * none; a new request is sent.
   */
  readonly resumed?: WaitingCall | undefined;
}

/** Configuration of an agent. */
export interface AgentOptions {
  /** Own identifier, published by the agent's document. */
  readonly id: string;
  /** Default `draft11`. For peers of several dialects, create one agent for each. */
  readonly profile?: AgentProfile | undefined;
  /**
   * Signs all requests; a call uses one key throughout. For key rotation pass a {@link KeyRing}:
   * tokens and consents bound to an earlier key are used with that key while it is kept.
   */
  readonly key: SigningKey | KeyRing;
  /**
   * Returns the current agent token, bound to this key, for an agent with an agent provider.
   * Default: none. The agent is then its own provider, which publishes its keys.
   */
  readonly agentToken?: ((key: SigningKey) => Promise<string>) | undefined;
  /**
   * Identifier of the agent's person server, the only server from which it requests tokens.
   * Default: `ps` of its agent token; without one, the agent has no person.
   */
  readonly personServer?: string | undefined;
  /**
   * For a sub-agent: requests its tokens from the parent by {@link Agent.tokenForSubAgent}, in this
   * process or over a channel. `agentToken` names the parent, and `personServer` is the parent's.
   * Default: none; the agent calls its person server.
   */
  readonly parent?: ((input: SubAgentTokenInput) => Promise<ObtainedToken>) | undefined;
  /** Finds the endpoints of servers and resources. Default `createDiscovery()`. */
  readonly discovery?: Discovery | undefined;
  /**
   * Default: undici's pooled dispatcher; `fetch` in browsers. In draft -11, in which a caller's
   * token may name the person server, the default's requests to servers use `https` only and,
   * outside browsers, reach no private address; a transport that is passed guards itself.
   */
  readonly transport?: Transport | undefined;
  /**
   * Stores of the agent's tokens. They include user tokens and what renews them, so an external
   * store must protect them. Without room, a token is not stored, and a later call requests its
   * own. Agents with the same `id` and keys share tokens. Default: in memory.
   */
  readonly stores?: Pick<Stores, "records"> | undefined;
  /** Receives the events of all calls. Errors of a call reject it. Default: none. */
  readonly observer?: Observer<never> | undefined;
  /**
   * Includes whole tokens in events, for demonstrations. Default false: events have a short id and
   * the claims.
   */
  readonly revealTokens?: boolean | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /**
   * Limit of a request body, which is kept in memory for its digest and a retry. `Infinity`
   * disables the limit. Default 1 MiB.
   */
  readonly maxRequestBodyBytes?: number | undefined;
  /** All in milliseconds. */
  readonly timeouts?: {
    /**
     * Time until a resource's response headers arrive. `Infinity` disables it, for calls with a
     * signal. Default 120000.
     */
    readonly requestMs?: number | undefined;
    /** For a whole token request. `Infinity` as above. Default 10000. */
    readonly tokenRequestMs?: number | undefined;
    /**
     * Time for which a deferred token or response is awaited before a {@link StillWaitingError}.
     * A server is asked to hold no request longer than what is left of it. `Infinity` as above.
     * Default 120000.
     */
    readonly waitingMs?: number | undefined;
  };
}

/** Context of a call. Nothing in it outlives the call, except tokens cached under `cacheKey`. */
export interface FetchContext extends WaitingControl, CallFacts {
  /**
   * Auth token for the first attempt. It is not cached. Default: the cached token for the resource.
   */
  readonly authToken?: string | undefined;
  /**
   * Key of the user for whom this call is made, under which the user's tokens are cached. Default:
   * user tokens are used once; in draft -11, in which an agent acts for one person, they are
   * cached.
   */
  readonly cacheKey?: string | undefined;
  /** Identifier of the resource. Default: the origin of the URL. */
  readonly resource?: string | undefined;
  /**
   * Space-separated scopes that the call is expected to need. Without a cached token, they are
   * requested before the call at the resource's endpoint for resource tokens, which avoids a
   * challenge. If that fails, the call is made anyway, and its challenge is followed.
   */
  readonly scope?: string | undefined;
  /**
   * Address to which a user returns after an interaction. Without it, a dialect that needs it
   * returns the challenge as the response. Default: none.
   */
  readonly returnUrl?: string | undefined;
}

/** A call's handling of deferred responses, in profiles that have them. */
export interface WaitingControl extends CallControl {
  /**
   * `poll` waits in the call, for up to `timeouts.waitingMs`. `throw` ends it with a
   * {@link StillWaitingError} as soon as it would have to wait, even for a person, whom the caller
   * then brings to the page named in the error. A question that `onClarification` answers does not
   * end it. Default `poll`.
   */
  readonly waiting?: "poll" | "throw" | undefined;
  /**
   * Brings a person to a page: opens a browser, or shows address and code. Polling starts after it
   * returns. Default: none; if a person must act, a server refuses, or the call ends with a
   * {@link StillWaitingError}.
   */
  readonly onInteraction?: ((request: InteractionRequest) => Promise<void> | void) | undefined;
  /**
   * Receives, before each wait, the state from which {@link Agent.resume} can continue, here or in
   * another process. The call awaits it, so that it can be stored first. It contains tokens, all
   * bound to the agent's key. Of several calls without `onInteraction` that wait for one token,
   * only one receives it. Errors end the call. Default: none.
   */
  readonly onWaiting?: ((waiting: WaitingCall) => Promise<void> | void) | undefined;
  /**
   * Answers a question about the request, at most 5 times. Default: none; a question ends the call
   * with a {@link StillWaitingError}.
   */
  readonly onClarification?: ((question: Clarification) => Promise<ClarificationReply>) | undefined;
}

/** A page on which a person must act. */
export interface InteractionRequest extends Interaction {
  /**
   * URL for a browser: the address with the code and the `returnUrl` of the call. Its location is
   * not checked, so show the host to the person, who may not know the party.
   */
  readonly page: string;
  /** Identifier of the resource or server to which the page belongs: the origin of `url`. */
  readonly party: string;
}

/** The answer to a question: a text, a reduced scope, or a withdrawal. */
export type ClarificationReply =
  | { readonly action: "respond"; readonly response: string }
  /** Requests a new resource token for this scope, space-separated, and continues with it. */
  | { readonly action: "reduce"; readonly scope: string; readonly justification?: string | undefined }
  | { readonly action: "cancel" };

/** Request for a sub-agent's token. Waiting ends after `timeouts.waitingMs`. */
export interface SubAgentTokenInput
  extends Pick<WaitingControl, "onInteraction" | keyof CallControl>,
    Pick<FetchContext, "returnUrl" | "justification" | "loginHint" | "mission"> {
  /** Agent token of the sub-agent; its `parent_agent` is this agent. */
  readonly subagentToken: string;
  /** Identifier of the resource. */
  readonly resource: string;
  /**
   * Resource token that the resource issued to the sub-agent. Default: none; a person token is
   * requested.
   */
  readonly resourceToken?: string | undefined;
  /** The token that the sub-agent presented to the resource. Required with a resource token. */
  readonly presentedToken?: string | undefined;
}

/** A mission to propose. Waiting ends after `timeouts.waitingMs`. */
export interface ProposeMissionInput
  extends MissionProposal,
    MissionControl,
    Pick<FetchContext, "loginHint" | "cacheKey"> {}

/** Options of every call. */
export interface CallControl {
  /** Receives the events of this call, in addition to the agent's observer. Default: none. */
  readonly observer?: Observer<never> | undefined;
  /** Aborts the request, which rejects with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
}
