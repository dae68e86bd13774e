/**
 * Tokens whose signature has been verified, so that the second request with the same token costs a look.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { PROFILE } from "../profile.ts";
import { deepFreeze } from "../store/deep-freeze.ts";
import { RecentMap } from "../store/recent-map.ts";

/**
 * What a verified token said, by the whole token. It holds claims, never a verdict: audience, issuer and
 * times are judged again on every use. Forgets at `exp`, and after 300 s at the latest, when keys are fetched anew.
 */
export interface VerifiedTokens<Claims extends { readonly exp: number }> {
  get(token: string): Claims | undefined;
  add(token: string, claims: Claims): void;
}

/** Characters of all tokens of a gate: a thousand ordinary ones. Their claims take as much again, and many times that from who wants it. */
const MAX_CHARACTERS = 1_048_576;

/**
 * Creates such a memory: the `cache` of `verifyAuthToken` and `verifyAgentToken`, for who calls these without a gate. `createVerifier` has
 * its own. Bounded by number and by characters; the tokens used least lately give way.
 *
 * @param options.now the clock of the calls it is given to, Unix seconds
 * @param options.maxEntries default 1000
 *
 * @example
 * const cache = createVerifiedTokens<AuthTokenClaims>({ now });
 * await verifyAuthToken(token, { audience, trustedIssuers, discovery, now, cache });
 */
export function createVerifiedTokens<Claims extends { readonly exp: number }>(options: {
  now: () => number;
  maxEntries?: number;
}): VerifiedTokens<Claims> {
  const entries = new RecentMap<string, { claims: Claims; until: number }>(options.maxEntries ?? 1_000, {
    maxWeight: MAX_CHARACTERS,
    weigh: (token) => token.length,
  });
  return {
    get(token) {
      const entry = entries.get(token);
      if (entry === undefined) return undefined;
      if (options.now() < entry.until) return entry.claims;
      entries.delete(token);
      return undefined;
    },
    add(token, claims) {
      const until = Math.min(claims.exp, options.now() + PROFILE.discovery.cacheSeconds);
      entries.set(token, { claims: deepFreeze(claims), until });
    },
  };
}

/** A name for a token that is not the token: keys of long-lived maps are made of it. */
export async function hashToken(token: string): Promise<string> {
  return platformCrypto.digest("sha-256", token, "base64url");
}
