/**
 * The only path from a compact token to its verified claims, shared by new and cached tokens.
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import { AAuthError } from "../errors.ts";
import type { VerificationKey } from "../types.ts";
import { systemSeconds } from "./issue-token.ts";
import { type DecodedToken, decodeJwt, verifyJwt } from "./jwt.ts";
import {
  type ReadToken,
  readToken,
  type SchemaOf,
  type TokenClaims,
  type TokenExpectation,
  type TokenSchema,
} from "./token-schema.ts";
import type { VerifiedTokens } from "./verified-tokens.ts";

/**
 * A token with a verified signature. A cached one is not a verdict: issuer, audience and times are
 * checked on every use.
 */
export interface VerifiedToken<Claims = TokenClaims, Key = VerificationKey | undefined> {
  /** `typ`. */
  readonly type: string;
  readonly claims: Claims;
  /** The key in `cnf`, if any: it must sign the requests that carry the token. */
  readonly key: Key;
}

export interface OpenTokenOptions {
  /** Finds the keys of issuers: `createDiscovery()`. */
  readonly discovery: Discovery;
  /** Mode of the confirmation key's verification. Default `sync`. */
  readonly cryptoMode?: "sync" | "pool" | undefined;
  /** Cache of tokens with a verified signature. Default: none, so that each call verifies. */
  readonly cache?: VerifiedTokens<VerifiedToken> | undefined;
}

/** Options of a function that verifies one type of token. */
export type VerifyTokenOptions<Expected extends TokenExpectation> = Omit<Expected, "now"> &
  OpenTokenOptions & {
    /** Unix seconds. Default: the system clock. */
    readonly now?: (() => number) | undefined;
  };

/** A token from the cache or just decoded, not yet checked. Its `typ` selects the schema. */
export interface SeenToken {
  readonly type: unknown;
  readonly known: VerifiedToken | undefined;
  readonly decoded: DecodedToken | undefined;
}

/** @throws AAuthVerificationError `malformed_token` */
export function lookAtToken(token: string, cache: OpenTokenOptions["cache"]): SeenToken {
  const known = cache?.get(token);
  if (known !== undefined) return { type: known.type, known, decoded: undefined };
  const decoded = decodeJwt(token);
  return { type: decoded.header.typ, known, decoded };
}

/**
 * Verifies a token: type, algorithm and shapes, the comparisons that need no signature, the
 * confirmation key, the signature by a key that the issuer publishes, and the remaining
 * comparisons. An expired token is not cached.
 *
 * @param seen result of {@link lookAtToken}, if already known
 * @throws AAuthVerificationError any code of the token and discovery groups, `unsupported_key` for
 *   the key in `cnf.jwk`
 *
 * Does NOT check that a request was signed with the confirmation key.
 */
export async function openToken<
  Claims extends TokenClaims,
  Expected extends TokenExpectation,
  Key extends VerificationKey | undefined,
>(
  token: string,
  schema: TokenSchema<Claims, Expected, Key>,
  expected: Expected,
  options: OpenTokenOptions,
  seen: SeenToken = lookAtToken(token, options.cache),
): Promise<VerifiedToken<Claims, Key>> {
  const { type, beforeSignature, afterSignature } = schema;
  let opened: VerifiedToken<Claims, Key>;
  if (seen.known?.type === type) {
    opened = seen.known as VerifiedToken<unknown, unknown> as VerifiedToken<Claims, Key>;
    for (const check of beforeSignature) check(opened.claims, expected);
  } else {
    const decoded = seen.decoded ?? decodeJwt(token);
    const read = readToken(decoded, schema);
    const { claims } = read;
    for (const check of beforeSignature) check(claims, expected);
    opened = { type, claims, key: await schema.binding(decoded.claims, options.cryptoMode) };
    // hole T7
    await verifyWithIssuerKey(token, read, schema, options.discovery); // hole T2
    if (claims.exp > expected.now) options.cache?.add(token, opened, claims.exp);
  }
  for (const check of afterSignature) {
    const pending = check(opened.claims, expected, type);
    if (pending !== undefined) await pending;
  }
  return opened;
}

/** The options of a verifying function, with the clock read. */
export const expectedNow = <Options extends { readonly now?: (() => number) | undefined }>(
  options: Options,
) => ({
  ...options,
  now: (options.now ?? systemSeconds)(),
});

/**
 * Verifies the signature of a token with the key that its issuer publishes. If that key came from
 * the cache and its `kid` now names another key, the new key is tried as well.
 *
 * @param read the same token, as `readToken` returned it
 * @throws AAuthError `invalid_token_signature`, a code of the discovery group, or one of the
 *   schema's `requireIssuerKey`
 */
export async function verifyWithIssuerKey<Claims extends TokenClaims>(
  token: string,
  { claims, alg, kid }: ReadToken<Claims>,
  schema: SchemaOf<Claims>,
  discovery: Discovery,
): Promise<void> {
  const kind = schema.issuedBy(claims);
  const { jwk, source } = await discovery.key(kind, claims.iss, kid);
  const named = `the key ${JSON.stringify(kid)} of its issuer ${claims.iss}`;
  schema.requireIssuerKey?.(jwk);
  try {
    await verifyJwt(token, jwk, alg, named); // hole J1, J2, G1
  } catch (error) {
    if (source !== "discovery-cache" || !(error instanceof AAuthError)) throw error;
    const replaced = await discovery.replacedKey(kind, claims.iss, kid, jwk);
    if (replaced === undefined) throw error;
    schema.requireIssuerKey?.(replaced);
    await verifyJwt(token, replaced, alg, named);
  }
  discovery.proven?.(kind, claims.iss);
}
