/**
 * Cache of tokens with a verified signature: a further request with the same token costs a lookup.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { RecentMap } from "../store/recent-map.ts";

/**
 * Verified tokens, keyed by the whole token. An entry is not a verdict: audience, issuer and times
 * are checked on every use. It expires at `exp`, or after 300 s, when keys are fetched again.
 */
export interface VerifiedTokens<Entry> {
  /** The entry of the token; undefined if it must be verified. */
  get(token: string): Entry | undefined;
  /** Caches a token until `exp`, Unix seconds. */
  add(token: string, entry: Entry, exp: number): void;
}

/** Total characters of cached tokens: a thousand ordinary ones. Their claims take as much again. */
const MAX_CHARACTERS = 1_048_576;
/** Matches the time for which discovery caches a key set. */
const MAX_SECONDS = 300;

/**
 * Creates a cache bounded by entries and by characters, with least-recently-used eviction.
 *
 * @param options.now clock, in Unix seconds
 * @param options.maxEntries default 1000
 */
export function createVerifiedTokens<Entry>(options: {
  now: () => number;
  maxEntries?: number;
}): VerifiedTokens<Entry> {
  const entries = new RecentMap<string, { entry: Entry; until: number }>(options.maxEntries ?? 1_000, {
    maxWeight: MAX_CHARACTERS,
    weigh: (token) => token.length,
  });
  return {
    get(token) {
      const known = entries.get(token);
      if (known === undefined) return undefined;
      if (options.now() < known.until) return known.entry;
      entries.delete(token);
      return undefined;
    },
    add(token, entry, exp) {
      entries.set(token, { entry, until: Math.min(exp, options.now() + MAX_SECONDS) });
    },
  };
}

/** Digest of a token, for keys of long-lived maps, which must not hold the token itself. */
export async function hashToken(token: string): Promise<string> {
  return platformCrypto.digest("sha-256", token, "base64url");
}
