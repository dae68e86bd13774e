/**
 * A token type as a table. It holds every difference between token types that `readToken`,
 * `openToken` and `issueToken` know.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { DiscoveryKind } from "../discovery/discovery.ts";
import type { KeyAlgorithm, TokenAlgorithm, VerificationKey } from "../types.ts";
import { type ClaimRule, checkHeader, confirmationKey, missing } from "./claim-checks.ts";
import type { DecodedToken } from "./jwt.ts";

/** Claims of every token. */
export interface TokenClaims {
  /** Identifier of the issuer. */
  readonly iss: string;
  /** Unix seconds. */
  readonly exp: number;
}

/** The receiver's side of every comparison. */
export interface TokenExpectation {
  /** Unix seconds. */
  readonly now: number;
}

/**
 * A type of token.
 *
 * @typeParam Claims the claims, once read
 * @typeParam Expected what a receiver compares them with
 * @typeParam Key `VerificationKey` for a token with a confirmation key, `undefined` without one
 */
export interface TokenSchema<Claims extends TokenClaims, Expected, Key = VerificationKey> {
  /** `typ`, compared exactly. */
  readonly type: string;
  /** JOSE algorithms that its issuer may use. */
  readonly algorithms: readonly TokenAlgorithm[];
  /** Whether the header must have a `kid`. Default: not if the issuer's set has a single key. */
  readonly needsKeyId?: true;
  /** Whether the header is written in alphabetical order. Default: `alg`, `typ`, `kid`. */
  readonly sortsHeader?: true;
  /** Lifetime of a new token, in seconds. Without a maximum, the issuer's policy applies. */
  readonly lifetime: { readonly defaultSeconds: number; readonly maxSeconds?: number };
  /** Required, optional and forbidden claims, in the order in which they are checked. */
  readonly claims: readonly ClaimRule[];
  /** Whether `aud` names exactly one recipient, even as a list. Default: any number. */
  readonly hasOneRecipient?: true;
  /** Binding of the token to a key: {@link bySignerKey} or {@link byThumbprint}. */
  binding(claims: DecodedToken["claims"], mode: "sync" | "pool" | undefined): Awaitable<Key>;
  /** Comparisons on each use, before anything is fetched. */
  readonly beforeSignature: readonly ((claims: Claims, expected: Expected) => void)[];
  /** Comparisons on each use, after the signature has verified. `type` is the schema's. */
  readonly afterSignature: readonly ((claims: Claims, expected: Expected, type: string) => Awaitable<void>)[];
  /** Kind of the issuer's document, whose key set verifies the token. */
  issuedBy(claims: Claims): DiscoveryKind;
  /** Refuses an unsuitable key of the issuer. Default: only the token's algorithm decides. */
  requireIssuerKey?(jwk: unknown): void;
}

/** A schema without regard to its comparisons and its key. */
export type SchemaOf<Claims extends TokenClaims> = TokenSchema<Claims, never, unknown>;

/** Bound by `cnf.jwk` (RFC 7800): only that key may sign the requests that carry the token. */
export const bySignerKey =
  (algorithms: readonly KeyAlgorithm[]) =>
  (claims: DecodedToken["claims"], mode: "sync" | "pool" | undefined): Awaitable<VerificationKey> =>
    confirmationKey(claims, algorithms, mode);

/** Bound by the thumbprint in `agent_jkt`, which one of the comparisons checks. */
export const byThumbprint = (): undefined => undefined;

/** A token of valid type and shape. Nothing has been compared, and no signature verified. */
export interface ReadToken<Claims> {
  readonly claims: Claims;
  readonly alg: TokenAlgorithm;
  readonly kid: string | undefined;
}

/**
 * Reads a token: type, algorithm, key id, and the shapes of its claims.
 *
 * @throws AAuthVerificationError `token_type_mismatch`, `token_algorithm_not_allowed`,
 *   `token_claim_missing`, `malformed_token`, and codes of the schema's own rules
 */
export function readToken<Claims extends TokenClaims>(
  decoded: DecodedToken,
  schema: SchemaOf<Claims>,
): ReadToken<Claims> {
  const { alg, kid } = checkHeader(decoded, schema);
  if (kid === undefined && schema.needsKeyId) throw missing("kid");
  const { claims } = decoded;
  for (const rule of schema.claims) rule(claims);
  const { aud } = claims;
  const isListed = schema.hasOneRecipient && Array.isArray(aud);
  const read: unknown = isListed ? Object.freeze({ ...claims, aud: aud[0] }) : claims;
  return { claims: read as Claims, alg, kid };
}
