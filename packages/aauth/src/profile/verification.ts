/**
 * The checks of a verifier in one dialect, their order, and the resolvers of callers.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { AAuthVerificationError } from "../errors.ts";
import type { KeySource } from "../http-signatures/report.ts";
import type { VerifiedToken } from "../tokens/open-token.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import type { VerifiedTokens } from "../tokens/verified-tokens.ts";
import type { ProvenCaller, Requirement, VerificationKey } from "../types.ts";
import type { EndpointRules, KeyClaim, MessageRules } from "./messages.ts";

/**
 * The verifier's steps. A profile puts them into its order; everything from `body` on happens once
 * the body is here.
 */
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

/** One check of a verifier, as reports and refusals name it. */
export interface CheckRule {
  readonly name: string;
  readonly section: string;
  /** Steps that this check consists of; none for a check that a step of another enters. */
  readonly steps: readonly StepName[];
}

/** @typeParam Level names of the levels */
export interface VerificationRules<Level extends string = string> {
  /** In the order in which they are made. The one list of checks. */
  readonly checks: readonly CheckRule[];
  /** By scheme. */
  readonly resolvers: Readonly<Record<string, CallerResolver>>;
  /**
   * The JWK that a claim names, decoded or fetched and NOT validated: for an explanation's second
   * opinion, never for a decision.
   *
   * @throws AAuthVerificationError when there is none
   */
  claimedJwk(claim: KeyClaim, discovery: Discovery): Promise<unknown>;
  /** Lowest first. */
  readonly levels: readonly Level[];
  /**
   * Levels that only a token of a trusted issuer for this recipient proves, also without scopes.
   * Default none.
   */
  readonly issuedLevels?: readonly Level[];
  /** @throws TypeError for a requirement that this profile cannot mean. */
  validateRequirement(requirement: Requirement<string>): void;
  /** The error of a proven caller that does not meet the requirement. */
  unmet(caller: ProvenCaller, requirement: Requirement<string>): AAuthVerificationError | undefined;
}

/** Names a token for its issuer's revocations. */
export interface NamedToken {
  /** `typ` of the token. */
  readonly type: string;
  readonly iss: string;
  readonly jti: string;
  /**
   * Unix seconds, of tokens that live an hour at most: a memory that was empty then refuses them.
   * Unset of agent tokens, which live up to a day.
   */
  readonly iat?: number;
  /** Unix seconds: a revocation may be forgotten then. */
  readonly exp: number;
}

/**
 * Whether the issuer of a token has revoked it. Asked for each use of a token whose signature has
 * verified.
 *
 * @throws AAuthVerificationError `revocation_unknown`
 */
export type RevocationCheck = (token: NamedToken) => Awaitable<boolean>;

/** What a resolver may use. Nothing of it is taken from the message. */
export interface ResolverContext {
  readonly profile: { readonly name: string; readonly messages: MessageRules };
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
  readonly requirement: Requirement<string> | undefined;
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
 * Says who holds a token found in `Signature-Key`, and with which keys (10 at most) it may have
 * signed. It must verify the token itself. The holder comes back as an identified caller, never as
 * an authorized one.
 *
 * @throws AAuthError of the token and discovery groups
 */
export type TokenHolder = (token: string) => Promise<{ agent: string; keys: readonly unknown[] }>;
