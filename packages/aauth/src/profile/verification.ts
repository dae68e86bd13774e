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
 * Steps of the verifier, ordered by the profile. `body` and all later steps run after the body has
 * arrived.
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
  /** The profile's resolver finds key and caller, and enters the checks `token` and `key`. */
  | "caller"
  | "signature"
  | "replay"
  | "body"
  /** Expiry of the token, checked once its holder is proven. */
  | "expiry"
  | "requirement";

/** A check of the verifier, named in reports and refusals. */
export interface CheckRule {
  readonly name: string;
  readonly section: string;
  /** Steps of this check. Empty for a check that a step of another check enters. */
  readonly steps: readonly StepName[];
}

/** @typeParam Level names of the levels */
export interface VerificationRules<Level extends string = string> {
  /** All checks, in order. */
  readonly checks: readonly CheckRule[];
  /** By scheme. */
  readonly resolvers: Readonly<Record<string, CallerResolver>>;
  /**
   * The JWK of a claim, decoded or fetched and NOT validated. Only for a second opinion in an
   * explanation, never for a decision.
   *
   * @throws AAuthVerificationError if there is none
   */
  claimedJwk(claim: KeyClaim, discovery: Discovery): Promise<unknown>;
  /** Lowest first. */
  readonly levels: readonly Level[];
  /**
   * Levels that only a trusted issuer's token for this recipient proves, even without scopes.
   * Default: none.
   */
  readonly issuedLevels?: readonly Level[];
  /**
   * Issuers whose auth tokens are accepted, in a profile without person servers. Default: the
   * person and access servers of the verifier.
   */
  readonly issuers?: readonly string[];
  /** @throws TypeError for a requirement that is invalid in this profile */
  validateRequirement(requirement: Requirement<string>): void;
  /** The error of a verified caller that does not meet the requirement, or undefined. */
  unmet(caller: ProvenCaller, requirement: Requirement<string>): AAuthVerificationError | undefined;
}

/** Identification of a token for a revocation check. */
export interface NamedToken {
  /** `typ` of the token. */
  readonly type: string;
  readonly iss: string;
  readonly jti: string;
  /**
   * Unix seconds, for tokens that live at most an hour: a store that was created later refuses
   * them. Unset for agent tokens, which live up to a day.
   */
  readonly iat?: number;
  /** Unix seconds. A revocation may be dropped after this time. */
  readonly exp: number;
}

/**
 * Returns whether a token's issuer has revoked it. Called on each use of a token with a verified
 * signature.
 *
 * @throws AAuthVerificationError `revocation_unknown`
 */
export type RevocationCheck = (token: NamedToken) => Awaitable<boolean>;

/** Context of a resolver. Nothing in it comes from the message. */
export interface ResolverContext {
  readonly profile: { readonly name: string; readonly messages: MessageRules };
  readonly endpoint: EndpointRules;
  /** Identifier of the verifier, and the audience of tokens. */
  readonly audience: string | undefined;
  /** `issuers` of the profile, or the verifier's person servers. */
  readonly issuers: readonly string[];
  readonly accessServer: string | undefined;
  readonly agentProviders: TrustPolicy | undefined;
  readonly discovery: Discovery;
  /** Undefined if revocations are not recorded. */
  readonly isRevoked: RevocationCheck | undefined;
  readonly now: () => number;
  readonly cryptoMode: "sync" | "pool";
  /** Cache of tokens with a verified signature. */
  readonly verifiedTokens: VerifiedTokens<VerifiedToken>;
  readonly recorder: CheckRecorder;
  /** Requirement of the route; undefined if it is decided later. */
  readonly requirement: Requirement<string> | undefined;
}

/** The part of a verification's recorder that resolvers use. */
export interface CheckRecorder {
  /** Starts a check, and marks the previous one as passed. */
  enter(check: string): void;
  /** Marks a check that does not apply to this request. */
  skip(check: string, reason: string): void;
  noteKey(key: VerificationKey, source: KeySource): void;
}

/** The claimed caller of a message, unproven until the signature verifies with one of the keys. */
export interface CallerCandidate {
  readonly keys: readonly VerificationKey[];
  /** Returns the caller, given the key that verified the signature. */
  identify(key: VerificationKey): ProvenCaller;
  /** Whether the token has expired but is otherwise valid. */
  readonly expired: boolean;
  /**
   * For a key from the cache: fetches the key that has since replaced it under the same `kid`, if
   * any.
   */
  readonly replacedKey?: () => Promise<VerificationKey | undefined>;
}

/**
 * Finds the key that a claim names, and its owner.
 *
 * @throws AAuthError with a code of the message, discovery and token groups
 */
export type CallerResolver = (claim: KeyClaim, context: ResolverContext) => Awaitable<CallerCandidate>;
