/**
 * Token requests and their answers in one dialect.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { DiscoveryKind } from "../discovery/discovery.ts";
import type { SigningKey } from "../types.ts";
import type { Challenge, ResponseHead, WantedToken } from "./calls.ts";
import type { SignatureKeyScheme } from "./messages.ts";
import type { DeferredResponse, Interaction } from "./waiting.ts";

/** A request to an endpoint of a server, ready to be signed. */
export interface TokenRequest {
  /** What is asked for, in the profile's words; for events. */
  readonly type: string;
  /** Identifier of the server. */
  readonly server: string;
  /** Whose document names the endpoint, and under which member. */
  readonly kind: DiscoveryKind;
  readonly endpoint: (metadata: Readonly<Record<string, unknown>>) => string | undefined;
  readonly contentType: string;
  readonly body: string;
  readonly signatureKey: SignatureKeyScheme;
  /** What the profile compares the token with that comes. */
  readonly expects?: Readonly<Record<string, unknown>> | undefined;
}

/** The answer of an endpoint. */
export interface TokenResponse extends ResponseHead {
  /** The parsed body; undefined when it is not a JSON object. */
  readonly members: Readonly<Record<string, unknown>> | undefined;
}

/** A token that a server has issued. */
export interface GrantedToken {
  readonly type: "granted";
  readonly token: string;
  readonly expiresInSeconds?: number | undefined;
  readonly refreshToken?: string | undefined;
}

/** A deferred request: the token comes later, from where it is polled. */
export interface DeferredToken {
  readonly type: "deferred";
  readonly deferred: DeferredResponse;
}

/** What a request for a token may use of its call. A profile sends what it has words for. */
export interface TokenRequestContext {
  readonly identity: SignatureKeyScheme;
  /** The token that the challenged request carried. */
  readonly presented?: string | undefined;
  readonly upstreamToken?: string | undefined;
  readonly redirectUri?: string | undefined;
  readonly state?: string | undefined;
  /** What the caller can do for the server, in the profile's words. */
  readonly capabilities?: readonly string[] | undefined;
  /** Why the agent asks. Markdown. */
  readonly justification?: string | undefined;
  /** Who the person is. */
  readonly loginHint?: string | undefined;
  /** The mission that the agent is on. */
  readonly mission?: string | undefined;
  /** The agent token of a sub-agent, that the token is for. */
  readonly subagentToken?: string | undefined;
}

/** What the answer to a token request is read with. */
export interface TokenResponseContext {
  readonly server: string;
  /** The document that named the endpoint. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Thumbprint of the key that has asked. */
  readonly thumbprint: string;
  readonly redirectUri?: string | undefined;
  readonly state?: string | undefined;
}

/** What an issued token is compared with before it is presented. */
export interface ExpectedToken {
  /** `expects` of the request. */
  readonly expects: Readonly<Record<string, unknown>> | undefined;
  readonly server: string;
  /** The audience that the token must have; undefined where only the server knows it. */
  readonly resource: string | undefined;
  readonly thumbprint: string;
  /** Unix seconds. */
  readonly now: number;
}

/** Token requests of one dialect, and how their answers are read. */
export interface TokenRequestRules {
  /** The request for a token that may be asked for. */
  request(wanted: WantedToken, context: TokenRequestContext): TokenRequest;
  /**
   * @throws AAuthAgentError `token_request_failed`; TokenRequestError for a refusal;
   * ConsentRequiredError where the person has to agree at a page of the server, and the answer
   * comes back by a code
   */
  read(response: TokenResponse, context: TokenResponseContext): GrantedToken | DeferredToken;
  /**
   * Makes sure that a token is valid before it is presented: of the server asked, for the resource
   * meant, bound to the key that signs. Its signature is the resource's to verify.
   *
   * @throws AAuthAgentError `token_request_failed`
   */
  check(
    token: string,
    expected: ExpectedToken,
  ): Promise<{ readonly claims: Readonly<Record<string, unknown>>; readonly exp: number }>;
  /** The endpoint of a resource that hands out resource tokens. Undefined where there is none. */
  readonly offer?: OfferRules;
  /**
   * Tokens with so many seconds left, or half of their life if that is less, are replaced. Default
   * 30.
   */
  readonly renewBeforeSeconds?: number;
  /** The request that renews a token. Undefined in a profile without refresh tokens. */
  readonly refresh?: (server: string, refreshToken: string, context: TokenRequestContext) => TokenRequest;
  /**
   * The one server of an agent's person. Undefined where challenges name the server, and the
   * options of the agent which are trusted.
   */
  readonly ownServer?: OwnServerRules;
}

/**
 * Rules of a profile in which an agent acts for one person, at the one server that all of its
 * tokens come from.
 */
export interface OwnServerRules {
  /**
   * The server of a call; undefined for an agent that has none. It is trusted.
   *
   * @throws AAuthAgentError `malformed_token` for an upstream token that names none
   */
  serverOf(options: {
    readonly identity: SignatureKeyScheme;
    readonly trustedServers: readonly string[];
    readonly upstreamToken: string | undefined;
  }): string | undefined;
  /** How an agent without an agent token of another party says who it is. */
  identify(options: {
    readonly id: string;
    readonly key: SigningKey;
    /** The first of the trusted servers. */
    readonly server: string | undefined;
    readonly now: () => number;
  }): Promise<SignatureKeyScheme>;
  /** Asks the server to bring its person to an interaction of a resource. */
  relay(server: string, interaction: Interaction, context: TokenRequestContext): TokenRequest;
  /**
   * Thumbprint of a sub-agent's key.
   *
   * @throws AAuthAgentError `token_agent_mismatch` for what is not the agent token of a sub-agent
   * of `parent`
   */
  keyOfSubAgent(subagentToken: string, parent: string): Promise<string>;
  /**
   * What a sub-agent needs: an auth token for the resource token, or without one a person token.
   */
  challengeOfSubAgent(resourceToken: string | undefined): Challenge;
  proposeMission(server: string, proposal: MissionProposal, context: TokenRequestContext): TokenRequest;
  /**
   * @throws AAuthAgentError `token_request_failed` for what is not the approval of a mission, or
   * has another digest
   */
  readMission(response: TokenResponse): Awaitable<ApprovedMission>;
  /** What is expected of a token that came with an approval. */
  tokenOfMission(mission: ApprovedMission): Pick<WantedToken, "scope" | "variant" | "expects">;
}

/** What an agent means to do, for a person to approve. */
export interface MissionProposal {
  /** Markdown. */
  readonly description: string;
  readonly tools?: readonly { readonly name: string; readonly description: string }[] | undefined;
  /** Identifiers of resources that are to be called. */
  readonly resources?: readonly string[] | undefined;
}

/** A mission that a person has approved. */
export interface ApprovedMission {
  /** Names it. */
  readonly id: string;
  /** What has been approved, decoded; it may differ from the proposal. */
  readonly mission: Readonly<Record<string, unknown>>;
  /** Tokens for the resources that have been approved, by resource. */
  readonly tokens: Readonly<Record<string, string>>;
}

/** How an agent asks a resource for a resource token before it calls it. */
export interface OfferRules {
  /** Whose document names the endpoint. */
  readonly kind: DiscoveryKind;
  endpoint(metadata: Readonly<Record<string, unknown>>): string | undefined;
  readonly contentType: string;
  body(scope: string): string;
  /** Status of a refusal whose body says something, beside 2xx. Default: none. */
  readonly refusalStatus?: number;
  /** Undefined for an answer that is not an offer. */
  read(response: TokenResponse): Challenge | undefined;
}
