/**
 * Caller candidates, shared by the resolvers of all profiles.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { DiscoveryKind } from "../discovery/discovery.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { KeySource } from "../http-signatures/report.ts";
import { isExpired } from "../tokens/claim-checks.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import { lookAtToken, openToken, type SeenToken } from "../tokens/open-token.ts";
import type { TokenClaims, TokenExpectation, TokenSchema } from "../tokens/token-schema.ts";
import { trusts } from "../tokens/trust.ts";
import type { ProvenCaller, VerificationKey } from "../types.ts";
import type { KeyClaim } from "./messages.ts";
import type { CallerCandidate, ResolverContext } from "./verification.ts";

/** One key of a published key set. */
interface PublishedKey {
  readonly kind: DiscoveryKind;
  /** Identifier of the caller. */
  readonly id: string;
  readonly kid: string;
}

/** Records that the scheme has no token, and starts the check of the key. */
export function enterKey({ scheme }: KeyClaim, { recorder }: ResolverContext): void {
  recorder.skip("token", `scheme ${scheme} has none`);
  recorder.enter("key");
}

/**
 * A caller that publishes its key. A key from the cache may have been replaced since.
 *
 * @param named the caller that the key proves
 * @throws AAuthError with a code of the discovery group, or thrown by `importKey`
 */
export async function publishedCandidate(
  { kind, id, kid }: PublishedKey,
  context: ResolverContext,
  importKey: (jwk: unknown) => Awaitable<VerificationKey>,
  named: Pick<ProvenCaller, "scheme" | "level" | "agent" | "server">,
): Promise<CallerCandidate> {
  const { discovery, recorder } = context;
  const { jwk, source } = await discovery.key(kind, id, kid);
  const key = await importKey(jwk);
  recorder.noteKey(key, source);
  return {
    keys: [key],
    expired: false,
    identify(proven) {
      discovery.proven?.(kind, id);
      return { ...unnamedCaller(named.scheme, proven, context), ...named };
    },
    ...(source === "discovery-cache" && {
      async replacedKey() {
        const replaced = await discovery.replacedKey(kind, id, kid, jwk);
        if (replaced === undefined) return undefined;
        const newKey = await importKey(replaced);
        recorder.noteKey(newKey, "discovery");
        return newKey;
      },
    }),
  };
}

/** Rules by which a type of token in `Signature-Key` proves its caller. */
interface CallerToken<Claims extends TokenClaims, Expected extends TokenExpectation> {
  readonly schema: TokenSchema<Claims, Expected>;
  /** Source of its key, for reports. */
  readonly source: KeySource;
  /** @throws AAuthVerificationError if such tokens are not accepted */
  expected(context: ResolverContext, now: number): Expected;
  /**
   * Refuses the caller of a verified token before the signature is checked. Default: accepts all.
   */
  admit?(claims: Claims, context: ResolverContext): void;
  identify(claims: Claims, caller: UnnamedCaller, jwt: string, context: ResolverContext): ProvenCaller;
}

/** Verifies a token of one type. The only candidate key is its confirmation key. */
export type TokenResolver = (
  jwt: string,
  context: ResolverContext,
  seen: SeenToken,
) => Promise<CallerCandidate>;

export const tokenResolver =
  <Claims extends TokenClaims, Expected extends TokenExpectation>({
    schema,
    source,
    expected,
    admit,
    identify,
  }: CallerToken<Claims, Expected>): TokenResolver =>
  async (jwt, context, seen) => {
    const { discovery, cryptoMode, recorder, verifiedTokens: cache } = context;
    const now = context.now();
    const options = { discovery, cryptoMode, cache };
    const { claims, key } = await openToken(jwt, schema, expected(context, now), options, seen);
    admit?.(claims, context);
    recorder.enter("key");
    recorder.noteKey(key, source);
    return {
      keys: [key],
      expired: isExpired(claims.exp, now),
      identify: (proven) => identify(claims, unnamedCaller("jwt", proven, context), jwt, context),
    };
  };

/**
 * Resolves a token in `Signature-Key` by its `typ`, which must be accepted at this endpoint.
 *
 * @param resolvers by `typ`
 */
export function resolveToken(
  { jwt = "" }: KeyClaim,
  context: ResolverContext,
  accepted: readonly string[],
  resolvers: Readonly<Record<string, TokenResolver>>,
): Promise<CallerCandidate> {
  context.recorder.enter("token");
  const seen = lookAtToken(jwt, context.verifiedTokens);
  const { type } = seen;
  // hole G3+: resolvers[String(type)] ?? Object.values(resolvers)[0]
  const resolve = typeof type === "string" && accepted.includes(type) ? resolvers[type] : undefined;
  if (resolve === undefined) {
    throw new AAuthVerificationError("token_type_mismatch", "this type of token is not accepted here", {
      claim: "typ",
      expected: accepted.join(", "),
    });
  }
  return resolve(jwt, context, seen);
}

/** A caller without its level and name. */
export type UnnamedCaller = Omit<ProvenCaller, "level">;

export const unnamedCaller = (
  scheme: string,
  { publicJwk: key, thumbprint }: VerificationKey,
  { profile }: ResolverContext,
): UnnamedCaller => ({ profile: profile.name, scheme, key, thumbprint });

/** Refuses a caller that is not on the current list, even if its token was issued earlier. */
export function requireTrustedCaller(id: string, { agentProviders }: ResolverContext): void {
  if (agentProviders !== undefined && !trusts(agentProviders, id)) {
    throw new AAuthVerificationError("untrusted_agent", "the caller is not on the list of trusted agents");
  }
}

/** Truncates a caller's identifier for an error message. */
export const shownIdentifier = (id: string): string => id.slice(0, 200);

/** The JWK in the token of a message. Neither token nor key is verified. */
export const claimedTokenJwk = (jwt: string): { readonly kid?: unknown } | undefined =>
  (decodeJwt(jwt).claims.cnf as { readonly jwk?: object } | undefined)?.jwk;
