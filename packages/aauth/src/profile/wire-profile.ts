/**
 * A wire profile: everything in which one dialect of AAuth differs from another, as one value. Verifiers, agents, challengers, auth
 * servers and `explain` receive it; what all dialects share (RFC 9421 base, RFC 9530 digest, replay, JWS, discovery's guard and bounds)
 * asks it. Only its folder knows a dialect's headers, token types, documents and grants.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { Discovery, DiscoveryKind, DocumentRules } from "../discovery/discovery.ts";
import type { AAuthError, AAuthVerificationError } from "../errors.ts";
import type { KeySource } from "../http-signatures/report.ts";
import type { SignatureInput } from "../http-signatures/signature-input.ts";
import type { VerifiedToken } from "../tokens/open-token.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import type { VerifiedTokens } from "../tokens/verified-tokens.ts";
import type {
  HeaderFields,
  KeyAlgorithm,
  ProvenCaller,
  Requirement,
  SigningKey,
  VerificationKey,
} from "../types.ts";
import type { Answer, ResourceRules, ResourceTokenGrant } from "./resource-rules.ts";

export type { Answer, ResourceTokenGrant } from "./resource-rules.ts";

/** One dialect: what it is called, and its rules by what is asked. */
export interface WireProfile {
  /** Goes into spans, settings, reports, and the keys of caches and replay stores. */
  readonly name: string;
  /** Where parties publish who they are, and identifiers. */
  readonly documents: DocumentRules;
  /** Header names, coverage, keys. */
  readonly messages: MessageRules;
  /** Checks in their order, levels, resolvers. */
  readonly verification: VerificationRules;
  /** Refusals and challenges. */
  readonly answers: AnswerRules;
  /** What a resource publishes and serves. */
  readonly resource: ResourceRules;
  /** How an agent meets what a response demands. */
  readonly calls: CallRules;
  /** Token requests and their answers. */
  readonly grants: GrantRules;
  /** For people who read messages. Decides nothing. */
  readonly display: DisplayRules;
}

// ---------------------------------------------------------------------------------------------------------------- messages

/** Which key a message says it was signed with. A claim until the signature is verified; a scheme's resolver knows its other members. */
export interface KeyClaim {
  readonly label: string;
  readonly scheme: string;
  /** The token that confirms the key, in the schemes that have one. Compact JWS. Never log it. */
  readonly jwt?: string;
}

/** What decides which components of a message have to be covered. */
export interface MessageFacts {
  readonly method: string;
  /** Path and query as on the request line. */
  readonly target: string;
  /** Lower-case names. */
  readonly headers: HeaderFields;
  /** Whether there is a body, or one is announced. */
  readonly hasBody: boolean;
  readonly endpoint: EndpointRules;
  /** Further components that the receiver publishes to demand. Default: none. */
  readonly additional?: readonly string[] | undefined;
}

export interface MessageRules {
  /** Field names, in lower case. */
  readonly fields: {
    readonly signatureKey: string;
    readonly signatureInput: string;
    readonly signature: string;
    readonly contentDigest: string;
    /** Undefined in a profile without nonces. */
    readonly nonce: string | undefined;
  };
  /** The label of own signatures. */
  readonly label: string;
  /** Algorithms of message keys. */
  readonly keyAlgorithms: readonly KeyAlgorithm[];
  /** True where a value of the `Signature-Key` field has this profile's shape: what tells profiles apart on one endpoint. */
  claims(signatureKey: string): boolean;
  /**
   * @param label of the signature that is verified, where it is known by then: of several members this one counts
   * @throws AAuthError `malformed_signature_key`, `unsupported_scheme`, `unsupported_key`, `header_too_large`
   */
  parseKeyClaim(value: string, label?: string): KeyClaim;
  /**
   * Identifier of the agent that a value of the `Signature-Key` field names; undefined where it names none or cannot be read. It selects the
   * variant of a profile that a message is judged by, and proves nothing. Undefined for a profile without variants.
   */
  readonly claimedAgent?: (signatureKey: string) => string | undefined;
  /** @throws AAuthError `malformed_signature_key`, `header_too_large` for what cannot be written */
  formatKeyClaim(credential: Credential, key: SigningKey): string;
  /** The member that is verified. @throws AAuthError `malformed_signature_input`, `header_too_large` */
  parseSignatureInput(value: string): SignatureInput;
  /**
   * @param label that of `Signature-Input`, where it is known by then
   * @throws AAuthError `malformed_signature`
   */
  parseSignature(value: string, label?: string): { readonly label: string; readonly bytes: Uint8Array };
  /**
   * The parameter of `Signature-Input` that speaks of another key than this one, if there is one: such a key has not signed. Default: `alg`, where
   * it is not that of the key.
   */
  readonly foreignParameter?: (
    input: SignatureInput,
    key: VerificationKey,
    claim: KeyClaim,
  ) => string | undefined;
  formatSignature(signature: Uint8Array): string;
  /** Components that a verifier demands. Order is free, more is welcome. */
  demandedComponents(facts: MessageFacts): readonly string[];
  /** Components that a signer covers, in the order in which they are sent. */
  signedComponents(facts: MessageFacts): readonly string[];
  /** Whether a signer covers the digest of the body that it sends. */
  readonly bindsBody: boolean;
  /** Whether a signer sends a nonce with an unsafe method. */
  readonly sendsNonce: boolean;
  /** What `@query` stands for where the target has none (RFC 9421 section 2.2.7). Default: it cannot be covered then. */
  readonly absentQuery?: "?";
}

/** How the receiver of a message learns its key: what an agent chooses when it signs. */
export type Credential =
  | { readonly scheme: "hwk" }
  | { readonly scheme: "jwks"; readonly id: string }
  | { readonly scheme: "jwks_uri"; readonly id: string; readonly document: string }
  | { readonly scheme: "jwt"; readonly jwt: string };

// ------------------------------------------------------------------------------------------------------------ verification

/** The verifier's steps. A profile puts them into its order; everything from `body` on happens once the body is here. */
export type StepName =
  /** The authority is served, and the three signature fields are present. */
  | "fields"
  | "key-claim"
  /** The claim's scheme is accepted at this endpoint. */
  | "scheme"
  | "signature-input"
  | "signature-value"
  | "labels"
  | "coverage"
  | "freshness"
  /** The profile's resolver finds key and caller; it enters the checks `token` and `key`. */
  | "caller"
  | "signature"
  | "replay"
  | "body"
  /** A token that has expired, judged once its holder is proven. */
  | "expiry"
  | "requirement";

export interface CheckRule {
  readonly name: string;
  readonly section: string;
  /** Steps that this check consists of; none for a check that a step of another enters. */
  readonly steps: readonly StepName[];
}

/** What kind of endpoint a verifier guards. */
export type EndpointRole = "resource" | "token" | "pending" | "revocation";

export interface EndpointRules {
  readonly role: EndpointRole;
  readonly schemes: readonly string[];
  /** `typ` of tokens in `Signature-Key` that are accepted. */
  readonly tokenTypes: readonly string[];
  /** How far `created` may be from now, either way. */
  readonly toleranceSeconds: number;
  /** `remember`: what a request could do twice passes once. `none`: repetitions within the window pass. */
  readonly replay: "remember" | "none";
}

export interface VerificationRules {
  /** In the order in which they are made. The one list of checks. */
  readonly checks: readonly CheckRule[];
  readonly endpoints: Readonly<Partial<Record<EndpointRole, Omit<EndpointRules, "role">>>>;
  /** By scheme. */
  readonly resolvers: Readonly<Record<string, CallerResolver>>;
  /**
   * The JWK that a claim names, decoded or fetched and NOT validated: for an explanation's second opinion, never for a decision.
   *
   * @throws AAuthVerificationError when there is none
   */
  claimedJwk(claim: KeyClaim, discovery: Discovery): Promise<unknown>;
  /** Lowest first. */
  readonly levels: readonly string[];
  /** Levels that only a token of a trusted issuer for this recipient proves, also without scopes. Default none. */
  readonly issuedLevels?: readonly string[];
  /** @throws TypeError for a requirement that this profile cannot mean. */
  validateRequirement(requirement: Requirement): void;
  /** The error of a proven caller that does not meet the requirement. */
  unmet(caller: ProvenCaller, requirement: Requirement): AAuthVerificationError | undefined;
}

/** Names a token for its issuer's revocations. */
export interface NamedToken {
  /** `typ` of the token. */
  readonly type: string;
  readonly iss: string;
  readonly jti: string;
  /**
   * Unix seconds, of tokens that live an hour at most: a memory that was empty then refuses them. Unset of agent tokens, which live up to a
   * day.
   */
  readonly iat?: number;
  /** Unix seconds: a revocation may be forgotten then. */
  readonly exp: number;
}

/**
 * Whether the issuer of a token has revoked it. Asked for each use of a token whose signature has verified.
 *
 * @throws AAuthVerificationError `revocation_unknown`
 */
export type RevocationCheck = (token: NamedToken) => Awaitable<boolean>;

/** What a resolver may use. Nothing of it is taken from the message. */
export interface ResolverContext {
  readonly profile: WireProfile;
  readonly endpoint: EndpointRules;
  /** Own identifier: the audience of tokens. */
  readonly audience: string | undefined;
  readonly trustedIssuers: readonly string[];
  /** The only issuer of auth tokens, where it is set. */
  readonly accessServer: string | undefined;
  readonly trustedAgents: TrustPolicy | undefined;
  /** Takes over for tokens of others (see `VerifierOptions.tokenHolder`). */
  readonly tokenHolder: TokenHolder | undefined;
  readonly discovery: Discovery;
  /** Undefined where no revocations are kept. */
  readonly isRevoked: RevocationCheck | undefined;
  readonly now: () => number;
  readonly cryptoMode: "sync" | "pool";
  /** Tokens whose signature has been verified before. */
  readonly verifiedTokens: VerifiedTokens<VerifiedToken>;
  readonly recorder: CheckRecorder;
  /** What the route demands; undefined where that is decided later. */
  readonly requirement: Requirement | undefined;
}

/** The face of a verification's record that resolvers write to. */
export interface CheckRecorder {
  /** Starts a check; the one before it has passed. */
  enter(check: string): void;
  /** Marks a check that does not apply to this request. */
  skip(check: string, reason: string): void;
  noteKey(key: VerificationKey, source: KeySource): void;
}

/** Who a message says it is from. A claim until its signature verifies with one of the keys. */
export interface CallerCandidate {
  readonly keys: readonly VerificationKey[];
  /** The caller, given the key that has proven to be its own. */
  identify(key: VerificationKey): ProvenCaller;
  /** The token is in order but for its age. */
  readonly expired: boolean;
  /** Where the key came from the cache: the key that has taken its name since, if there is one. */
  readonly replacedKey?: () => Promise<VerificationKey | undefined>;
}

/**
 * Finds the key that a claim names, and its owner.
 *
 * @throws AAuthError of the message, discovery and token groups
 */
export type CallerResolver = (claim: KeyClaim, context: ResolverContext) => Awaitable<CallerCandidate>;

/**
 * Says who holds a token found in `Signature-Key`, and with which keys (10 at most) it may have signed. It must verify the token itself.
 * The holder comes back as an identified caller, never as an authorized one.
 *
 * @throws AAuthError of the token and discovery groups
 */
export type TokenHolder = (token: string) => Promise<{ agent: string; keys: readonly unknown[] }>;

// ----------------------------------------------------------------------------------------------------------------- answers

/** What a refusal is written for. */
export interface RefusalContext {
  /** That of the route. */
  readonly requirement: Requirement;
  /** Counts only where the error carries no proven caller. Default: none. */
  readonly caller?: ProvenCaller | undefined;
  /** The request that is refused. Default: unknown; the profile of February 2026 does not need it. */
  readonly request?: { readonly method: string; readonly target: string } | undefined;
}

export interface AnswerRules {
  /** The response for a verifier's error where no tokens are issued: any status, and what would help in the profile's own headers. */
  refuse(error: AAuthError, context: RefusalContext): Answer;
  create(options: AnswerOptions): AnswerWriter;
}

export interface AnswerOptions {
  /** Signs resource tokens. */
  readonly key: () => SigningKey;
  /** Own resource identifier. */
  readonly resource: string;
  /** Issuer identifier of the auth server to send callers to; undefined where it is that of each caller's person. */
  readonly authServer: string | undefined;
  /** Unix seconds. */
  readonly now: () => number;
  /** Of a resource token. */
  readonly lifetimeSeconds: number | undefined;
  /** Signature algorithms to name in challenges. */
  readonly algs: readonly string[] | undefined;
  /** Scopes that the resource describes. Default: not compared. */
  readonly scopeDescriptions?: Readonly<Record<string, string>> | undefined;
}

export interface AnswerWriter {
  /** As the rules' `refuse`, and with a token where one would help. */
  refuse(error: AAuthError, context: RefusalContext): Awaitable<Answer>;
  /** The response for a proven caller that has used up the requests of its level. */
  limitReached(
    caller: ProvenCaller,
    options: { readonly retryAfterSeconds: number; readonly raisedBy: readonly string[] },
  ): Awaitable<Answer>;
  resourceToken(
    caller: ProvenCaller,
    scopes: readonly string[],
    account?: string,
  ): Promise<ResourceTokenGrant>;
  /** @throws TypeError for a scope that no resource token may have. Default: each may be. */
  checkScopes?(scopes: readonly string[]): void;
}

// ----------------------------------------------------------------------------------------------------------------- display

export interface DisplayRules {
  /**
   * Readers of fields of responses, by name in lower case. The token in a `resourceToken` of what they return is shown decoded.
   *
   * @throws AAuthError
   */
  readonly answerFields: Readonly<Record<string, (value: string) => unknown>>;
  /** Section that defines a kind of token, by `typ`. */
  readonly tokenSections: Readonly<Record<string, string>>;
}

// ------------------------------------------------------------------------------------------------------------------- calls

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

/** A request whose answer is not ready. */
export interface PendingState {
  /** At the origin that was asked; relative to the address that was asked, or absolute. */
  readonly location: string;
  /** How long to wait before the next look; NaN where the server does not say. */
  readonly retryAfterSeconds: number;
  /** What the server waits for, in the profile's words. Default: it does not say. */
  readonly requirement?: string;
  /** Where a person has to act before there is an answer. Default: nowhere. */
  readonly interaction?: Interaction;
  /** What the agent has to answer before there is an answer. Default: nothing. */
  readonly clarification?: Clarification;
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
  /** The next step of a call. Pure. */
  decide(
    state: CallState,
    outcome: CallOutcome,
    circumstances: CallCircumstances,
  ): { readonly state: CallState; readonly step: CallStep };
}

// ------------------------------------------------------------------------------------------------------------------ grants

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

/** Where a person acts, and what names the request there. */
export interface Interaction {
  /** `https`, without query and fragment. */
  readonly url: string;
  /** Names the request at that page. It is shown to the person, and authorizes nothing. */
  readonly code: string;
}

/** A question that a server needs answered before it decides. */
export interface Clarification {
  /** Markdown, from another party: not to be trusted. */
  readonly question: string;
  /** Until the server gives up. Default: it does not say. */
  readonly timeoutSeconds?: number;
  /** Answers to choose from. Default: any. */
  readonly options?: readonly string[];
}

/** What an agent says to a clarification. */
export type ClarificationAnswer =
  | { readonly action: "respond"; readonly response: string }
  | {
      readonly action: "update";
      readonly resourceToken: string;
      readonly presentedToken: string;
      readonly justification?: string | undefined;
    }
  | { readonly action: "cancel" };

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
