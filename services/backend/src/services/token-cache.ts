import type { CachedToken, TokenCache } from "aauth/agent";
import { LRUCache } from "lru-cache";

const MAX_TOKENS = 1000;

/**
 * Keeps auth tokens for a limited time.
 *
 * @param lifetimeSeconds 0 keeps nothing, so that every run goes through the whole protocol
 * @param now Unix seconds
 */
export function createTokenCache(lifetimeSeconds: number, now: () => number): TokenCache {
  if (lifetimeSeconds === 0) return { get: () => undefined, set: () => {}, delete: () => {} };
  const tokens = new LRUCache<string, CachedToken>({
    max: MAX_TOKENS,
    ttl: lifetimeSeconds * 1000,
    ttlResolution: 0,
    perf: { now: () => now() * 1000 },
  });
  return {
    get: (key) => tokens.get(key),
    set: (key, token) => void tokens.set(key, token),
    delete: (key) => void tokens.delete(key),
  };
}
