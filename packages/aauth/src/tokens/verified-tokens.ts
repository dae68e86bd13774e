/**
 * Tokens whose signature has been verified, so that the second request with the same token costs a hash.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import { platformCrypto } from "#crypto";
import { PROFILE } from "../profile.ts";

/**
 * What a verified token said, by the SHA-256 of the whole token. It holds claims, never a verdict: audience, issuer and
 * times are judged again on every use. Forgets at `exp`, and after 300 s at the latest, when keys are fetched anew.
 */
export interface VerifiedTokens<Claims extends { readonly exp: number }> {
  get(hash: string): Claims | undefined;
  add(hash: string, claims: Claims): void;
}

export function createVerifiedTokens<Claims extends { readonly exp: number }>(options: {
  now: () => number;
  /** Default 1000. */
  maxEntries?: number;
}): VerifiedTokens<Claims> {
  const entries = new LRUCache<string, { claims: Claims; until: number }>({
    max: options.maxEntries ?? 1_000,
  });
  return {
    get(hash) {
      const entry = entries.get(hash);
      if (entry === undefined) return undefined;
      if (options.now() < entry.until) return entry.claims;
      entries.delete(hash);
      return undefined;
    },
    add(hash, claims) {
      const until = Math.min(claims.exp, options.now() + PROFILE.discovery.cacheSeconds);
      entries.set(hash, { claims: deepFreeze(claims), until });
    },
  };
}

/** The key of a token in {@link VerifiedTokens}. */
export async function hashToken(token: string): Promise<string> {
  return platformCrypto.digest("sha-256", token, "base64url");
}

/** One object serves many requests. */
function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
