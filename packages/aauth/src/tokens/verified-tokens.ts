/**
 * Tokens whose signature has been verified, so that the second request with the same token costs a
 * look.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { RecentMap } from "../store/recent-map.ts";

/**
 * Verified tokens, by the whole token. An entry says what the token says, never a verdict:
 * audience, issuer and times are judged again on every use. It is forgotten at `exp`, and after 300
 * s at the latest, when keys are fetched again.
 */
export interface VerifiedTokens<Entry> {
  /** The entry of the token; undefined for one that has to be verified. */
  get(token: string): Entry | undefined;
  /** Remembers a token until `exp`, Unix seconds. */
  add(token: string, entry: Entry, exp: number): void;
}

/**
 * Characters of all tokens of a verifier: a thousand ordinary ones. Their claims take as much
 * again.
 */
const MAX_CHARACTERS = 1_048_576;
/** As long as discovery keeps a key set. */
const MAX_SECONDS = 300;

/**
 * Creates such a memory. Bounded by number and by characters; the tokens used least recently give
 * way.
 *
 * @param options.now the clock of the calls it is given to, Unix seconds
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

/** A name for a token that is not the token: keys of long-lived maps are made of it. */
export async function hashToken(token: string): Promise<string> {
  return platformCrypto.digest("sha-256", token, "base64url");
}
