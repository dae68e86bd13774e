/**
 * Token requests and their answers in one dialect.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { DiscoveryKind } from "../discovery/discovery.ts";
import type { SigningKey } from "../types.ts";
import type { Demand, TokenDemand } from "./calls.ts";
import type { Credential } from "./messages.ts";
import type { ClarificationAnswer, Interaction, PendingState } from "./waiting.ts";

/** A request to a token endpoint, ready to be signed. */
export interface GrantRequest {
  /** What is asked for, in the profile's words; for events. */
  readonly type: string;
  /** Identifier of the server. */
  readonly server: string;
  /** Whose document names the endpoint, and under which member. */
  readonly kind: DiscoveryKind;
  readonly endpoint: (metadata: Readonly<Record<string, unknown>>) => string | undefined;
  readonly contentType: string;
  readonly body: string;
  readonly credential: Credential;
  /** What the profile compares the token with that comes. */
  readonly expects?: Readonly<Record<string, unknown>> | undefined;
}

/** What a token endpoint answered. */
export interface GrantResponse {
  readonly status: number;
  readonly url: string;
  field(name: string): string | null;
  /** The parsed body; undefined when it is not a JSON object. */
  readonly members: Readonly<Record<string, unknown>> | undefined;
}

export type GrantAnswer =
  | {
      readonly type: "granted";
      readonly token: string;
      readonly expiresInSeconds?: number;
      readonly refreshToken?: string;
    }
  | { readonly type: "pending"; readonly pending: PendingState }
  /** A person has to agree at the server's page; the answer comes back by a code. */
  | { readonly type: "consent"; readonly requestToken: string; readonly expiresInSeconds: number };

/** What a token request may use. */
export interface GrantContext {
  readonly identity: Credential;
  readonly upstreamToken: string | undefined;
  /** The token that the request with the demand carried. */
  readonly presented: string | undefined;
  readonly redirectUri: string | undefined;
  readonly state: string | undefined;
  /** What else a caller has given along. */
  readonly hints?: GrantHints;
}

/** What may help a server to decide. A profile sends what it has words for. */
export interface GrantHints {
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

export interface ExpectedGrant {
  /** `type` and `expects` of the request. */
  readonly type: string;
  readonly expects: Readonly<Record<string, unknown>> | undefined;
  readonly server: string;
  /** The audience that the token must have; undefined where only the server knows it. */
  readonly resource: string | undefined;
  readonly thumbprint: string;
  /** Unix seconds. */
  readonly now: number;
}

export interface GrantRules {
  /** The request for a trusted demand. */
  forDemand(demand: TokenDemand, context: GrantContext): GrantRequest;
  /** Undefined where the profile has no such grant. */
  readonly refresh:
    | ((server: string, refreshToken: string, context: GrantContext) => GrantRequest)
    | undefined;
  readonly code: ((server: string, code: string, context: GrantContext) => GrantRequest) | undefined;
  readonly own: ((server: string, scope: string, context: GrantContext) => GrantRequest) | undefined;
  readonly revoke:
    | ((server: string, refreshToken: string, context: GrantContext) => GrantRequest)
    | undefined;
  /** The endpoint of a resource that hands out resource tokens. */
  readonly offer: OfferRules | undefined;
  /** Servers may answer later, and are asked to answer a little later instead (`Prefer`, RFC 7240). Default false. */
  readonly defers?: true;
  /** Tokens with so many seconds left, or half of their life if that is less, are replaced. Default 30. */
  readonly renewBeforeSeconds?: number;
  /** An agent acts for one person, unless an upstream token stands for another: its tokens are kept without a name of the person. Default false. */
  readonly onePerson?: true;
  /** How an agent without an agent token of another party says who it is. Default: by scheme `jwks`. */
  readonly ownIdentity?: (options: {
    readonly id: string;
    readonly key: SigningKey;
    /** The first of the trusted servers. */
    readonly server: string | undefined;
    readonly now: () => number;
  }) => Promise<Credential>;
  /**
   * The one server that a call's tokens come from; undefined for an agent that has none. It counts as trusted. Default: demands name the
   * server, and the configuration which are trusted.
   *
   * @throws AAuthAgentError `malformed_token` for an upstream token that names none
   */
  readonly serverOf?: (options: {
    readonly identity: Credential;
    readonly trustedServers: readonly string[];
    readonly upstreamToken: string | undefined;
  }) => string | undefined;
  /** What is sent to the address of a pending answer that needs a clarification. Undefined where there are none. */
  readonly clarify?: (answer: ClarificationAnswer) => {
    readonly method: "POST" | "DELETE";
    readonly contentType?: string;
    readonly body?: string;
  };
  /** Asks a server to bring its person to an interaction of a resource. Undefined where it cannot be asked. */
  readonly relay?: (server: string, interaction: Interaction, context: GrantContext) => GrantRequest;
  /** Sub-agents, whose tokens their parent asks for. Undefined where there are none. */
  readonly subAgents?: {
    /**
     * Thumbprint of a sub-agent's key.
     *
     * @throws AAuthAgentError `token_agent_mismatch` for what is not the agent token of a sub-agent of `parent`
     */
    keyOf(subagentToken: string, parent: string): Promise<string>;
    /** What is asked for: a token for the resource token, or without one that of a person. */
    demandOf(resourceToken: string | undefined): Demand;
  };
  /** Missions. Undefined where there are none. */
  readonly missions?: {
    propose(server: string, proposal: MissionProposal, context: GrantContext): GrantRequest;
    /** @throws AAuthAgentError `token_request_failed` for what is not the approval of a mission, or has another digest */
    read(response: GrantResponse): Awaitable<ApprovedMission>;
    /** What is expected of a token that came with an approval. */
    expected(mission: ApprovedMission, resource: string): Pick<TokenDemand, "scope" | "variant" | "expects">;
  };
  /** @throws AAuthAgentError `token_request_failed`; TokenRequestError for a refusal */
  read(response: GrantResponse): GrantAnswer;
  /**
   * Makes sure that a token is valid before it is presented: of the server asked, for the resource meant, bound to the key that signs.
   * Its signature is the resource's to verify.
   *
   * @throws AAuthAgentError `token_request_failed`
   */
  check(
    token: string,
    expected: ExpectedGrant,
  ): Promise<{ readonly claims: Readonly<Record<string, unknown>>; readonly exp: number }>;
  /** The page of the server where a person agrees. */
  consentUrl(
    metadata: Readonly<Record<string, unknown>>,
    answer: { readonly requestToken: string },
    context: Pick<GrantContext, "redirectUri" | "state">,
  ): string | undefined;
}

export interface OfferRules {
  /** Whose document names the endpoint. */
  readonly kind: DiscoveryKind;
  endpoint(metadata: Readonly<Record<string, unknown>>): string | undefined;
  readonly contentType: string;
  body(scope: string): string;
  /** Of a refusal whose body says something, beside 2xx. Default: none. */
  readonly refusalStatus?: number;
  /** Undefined for an answer that is not an offer. */
  read(response: GrantResponse): Demand | undefined;
}
