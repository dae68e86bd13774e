/**
 * The one way from a compact token to its verified claims, the same for a token seen first and for one that was verified before.
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import type { KeyAlgorithm, VerificationKey } from "../types.ts";
import { checkHeader, confirmationKey } from "./claim-checks.ts";
import { type DecodedToken, decodeJwt } from "./jwt.ts";
import { type PublishedKey, verifyWithPublishedKey } from "./published-key.ts";
import type { VerifiedTokens } from "./verified-tokens.ts";

/** A token with a verified signature. It holds claims, never a verdict: issuer, audience and times are judged on every use. */
export interface VerifiedToken<Claims extends TokenClaims = TokenClaims> {
  readonly type: string;
  readonly claims: Claims;
  /** The key that has to sign what the token comes with. */
  readonly key: VerificationKey;
}

export interface TokenClaims {
  readonly iss: string;
  readonly exp: number;
  readonly [claim: string]: unknown;
}

/** What distinguishes one type of token from another. */
export interface TokenRules<Claims extends TokenClaims> {
  /** `typ`, compared exactly. */
  readonly type: string;
  /** JOSE algorithms that its issuer may use. */
  readonly algorithms: readonly string[];
  /** Algorithms of the key in `cnf.jwk`. */
  readonly keyAlgorithms: readonly KeyAlgorithm[];
  /** @throws AAuthVerificationError for a claim that is missing or has the wrong shape */
  read(decoded: DecodedToken): Claims;
  /** Judges issuer, audience and times. Made on every use, and before anything is fetched. */
  judge(claims: Claims): void;
  /** Where the issuer publishes its key. */
  publishedAt(claims: Claims): Omit<PublishedKey, "kid">;
}

export interface OpenTokenOptions {
  readonly discovery: Discovery;
  readonly now: number;
  /** How the confirmation key verifies. Default `sync`. */
  readonly cryptoMode?: "sync" | "pool" | undefined;
  readonly cache?: VerifiedTokens<VerifiedToken> | undefined;
}

/**
 * Opens a token that has a confirmation key: type, algorithm, shapes, `judge`, `cnf.jwk`, and last its signature with the key that its
 * issuer publishes. A token whose `exp` has passed is not kept.
 *
 * @param decoded the token taken apart, where that has happened already
 * @throws AAuthVerificationError any code of the token and discovery groups, `unsupported_key` for that in `cnf.jwk`
 *
 * Does NOT check that a request was signed with `cnf.jwk`, nor `exp` unless `judge` does.
 */
export async function openToken<Claims extends TokenClaims>(
  token: string,
  rules: TokenRules<Claims>,
  options: OpenTokenOptions,
  decoded?: DecodedToken,
): Promise<VerifiedToken<Claims>> {
  const known = options.cache?.get(token) as VerifiedToken<Claims> | undefined;
  if (known !== undefined && known.type === rules.type) {
    rules.judge(known.claims);
    return known;
  }
  const parts = decoded ?? decodeJwt(token);
  const { alg, kid } = checkHeader(parts, rules);
  const claims = rules.read(parts);
  rules.judge(claims);
  const key = await confirmationKey(parts.claims, rules.keyAlgorithms, options.cryptoMode);
  await verifyWithPublishedKey(token, alg, { ...rules.publishedAt(claims), kid }, options.discovery); // hole T2
  const opened = { type: rules.type, claims, key };
  if (claims.exp > options.now) options.cache?.add(token, opened, claims.exp);
  return opened;
}
