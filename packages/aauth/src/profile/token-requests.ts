/**
 * Token requests and their responses in one dialect.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { DiscoveryKind } from "../discovery/discovery.ts";
import type { ResponseHead, ResponseMeaning, WantedToken } from "./calls.ts";
import type { Observer } from "./events.ts";
import type { SignatureKeyScheme } from "./messages.ts";
import type { RenewingAgent, RenewToken } from "./renewal.ts";
import type { DeferredResponse } from "./waiting.ts";

/** A request to an endpoint of a server, ready to be signed. */
export interface TokenRequest {
  /** Kind of request by its name in the profile, for events. */
  readonly type: string;
  /** Identifier of the server. */
  readonly server: string;
  /** Kind of the document that names the endpoint. */
  readonly kind: DiscoveryKind;
  /** Member of the document that names the endpoint. */
  readonly endpoint: string;
  /** Address relative to the endpoint. Default: the endpoint itself. */
  readonly path?: string | undefined;
  /** A segment below the endpoint. Default: none. */
  readonly below?: string | undefined;
  readonly contentType: string;
  readonly body: string;
  readonly signatureKey: SignatureKeyScheme;
  /** Values with which the profile compares the issued token. */
  readonly expects?: Readonly<Record<string, unknown>> | undefined;
}

/** Response of an endpoint. */
export interface TokenResponse extends ResponseHead {
  /** The parsed body; undefined unless it is a JSON object. */
  readonly members: Readonly<Record<string, unknown>> | undefined;
}

/** A token that has passed the checks of the agent, and its content. */
export interface CheckedToken {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly exp: number;
}

/** A token that a server has issued. */
export interface GrantedToken extends CheckedToken {
  readonly type: "granted";
  readonly token: string;
  readonly expiresInSeconds?: number | undefined;
  /** {@link ObtainedToken.continuation} */
  readonly continuation?: unknown;
}

/** A token that an agent may present, and its metadata. Plain data, so that it can be stored. */
export interface ObtainedToken {
  /** Compact JWS. Never log it. */
  readonly token: string;
  /** Identifier of the server that issued it. */
  readonly server: string;
  /** Its audience, if it has a single one. */
  readonly resource?: string;
  /** Granted scopes, space-separated. */
  readonly scope: string;
  /** Identifier of the person at the issuer. */
  readonly subject?: string;
  /** Thumbprint of the key it is bound to. */
  readonly thumbprint: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Time from which it is replaced instead of used. Unix seconds. */
  readonly renewAt: number;
  /** Data by which its dialect renews it, in a dialect that can. Never log it. */
  readonly continuation?: unknown;
  /** Whether a resource has refused the token. It is then kept only for its continuation. */
  readonly isRefused?: boolean;
  /** Its second name in the cache, which includes the requested scope. */
  readonly storedAs?: string;
}

/** A deferred request, to be polled for the token. */
export interface DeferredToken {
  readonly type: "deferred";
  readonly deferred: DeferredResponse;
}

/** Facts of a call that its token requests may carry. */
export interface CallFacts {
  /**
   * Token of the caller on whose behalf this call is made, used for token exchange. In draft -11,
   * the person token or auth token of an accepted request. It must be VERIFIED, because it names
   * the server to call. Default: none; the agent calls for itself or a user.
   */
  readonly upstreamToken?: string | undefined;
  /**
   * The mission that this call is part of: `id` of `proposeMission`. Not with an upstream token.
   * Default: none.
   */
  readonly mission?: string | undefined;
  /** Reason for the call, shown to the person who is asked. Markdown. Default: unset. */
  readonly justification?: string | undefined;
  /** Hint that identifies the person to the person server. Default: unset. */
  readonly loginHint?: string | undefined;
}

/** Facts for a token request. A profile sends those that it supports. */
export interface TokenRequestContext extends CallFacts {
  readonly identity: SignatureKeyScheme;
  /** The token that the challenged request carried. */
  readonly presented?: string | undefined;
  /** Capabilities of the caller, by their names in the profile. */
  readonly capabilities?: readonly string[] | undefined;
  /** Agent token of the sub-agent for which the token is requested. */
  readonly subagentToken?: string | undefined;
}

/** Values with which an issued token is compared before it is presented. */
export interface ExpectedToken {
  /** `expects` of the request. */
  readonly expects?: Readonly<Record<string, unknown>> | undefined;
  readonly server: string;
  /** Required audience; undefined if only the server knows it. */
  readonly resource?: string | undefined;
  /** Thumbprint of the key that the token must be bound to. */
  readonly thumbprint: string;
  /** Unix seconds. */
  readonly now: number;
}

/** Facts for reading the response to a token request. */
export interface TokenResponseContext extends ExpectedToken {
  /** The document that named the endpoint. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly observe: Observer<never>;
}

/** Rules for the token requests of one dialect. */
export interface TokenRequestRules {
  /** Creates the request for a token. */
  request(wanted: WantedToken, context: TokenRequestContext): TokenRequest;
  /**
   * Reads a response, and checks the issued token before it is presented: issuer, audience, and
   * binding to the signing key. The resource verifies its signature.
   *
   * @throws AAuthAgentError `token_request_failed`, or `consent_required` for a page that is for
   *   this call alone; TokenRequestError for a refusal
   */
  read(response: TokenResponse, context: TokenResponseContext): Awaitable<GrantedToken | DeferredToken>;
  /** The endpoint of a resource that issues resource tokens. Undefined in a profile without one. */
  readonly offer?: OfferRules;
  /**
   * Remaining seconds at which a token is replaced, but at most half of its lifetime. Default 30.
   */
  readonly renewBeforeSeconds?: number;
  /**
   * Makes the renewal of an agent's tokens by their continuations. Undefined in a profile without
   * it.
   */
  readonly renewal?: (agent: RenewingAgent) => RenewToken;
  /**
   * Servers that a challenge may name, in a profile without person servers. Default: only the
   * server of the agent's person, which issues all of its tokens (draft -11, section 7).
   */
  readonly trustedServers?: readonly string[];
}

/** An agent's plan, for a person to approve. */
export interface MissionProposal {
  /** Markdown. */
  readonly description: string;
  readonly tools?: readonly { readonly name: string; readonly description: string }[] | undefined;
  /** Identifiers of the resources to call. */
  readonly resources?: readonly string[] | undefined;
}

/** A mission that a person has approved. */
export interface ApprovedMission extends Pick<WantedToken, "scope" | "variant"> {
  readonly type: "approved";
  /** Identifier of the mission. */
  readonly id: string;
  /** The approved mission, decoded. It may differ from the proposal. */
  readonly mission: Readonly<Record<string, unknown>>;
  /** Capabilities of the person server, for the person. */
  readonly capabilities: readonly string[];
  /** Tokens for the approved resources, by resource. */
  readonly tokens: ReadonlyMap<string, GrantedToken>;
}

/** What an agent wants to do, or has done. */
export interface MissionAction {
  /** Name, for example of a tool. */
  readonly action: string;
  /** Markdown. */
  readonly description?: string | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  /** Outcome of an action that was done. */
  readonly result?: Readonly<Record<string, unknown>> | undefined;
}

/** The answer to the question whether an agent may do something. */
export interface PermissionAnswer {
  readonly isGranted: boolean;
  /** Markdown. */
  readonly reason?: string | undefined;
}

/** Rules for requesting a resource token before a call. */
export interface OfferRules {
  /** Kind of the document that names the endpoint. */
  readonly kind: DiscoveryKind;
  /** Member of the document that names the endpoint. */
  readonly endpoint: string;
  readonly contentType: string;
  body(scope: string): string;
  /** Status other than 2xx whose body is read as a refusal. Default: none. */
  readonly refusalStatus?: number;
  /** Without a challenge for a response without a resource token. */
  read(response: TokenResponse): ResponseMeaning;
}
