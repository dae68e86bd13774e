import type { Grant, MemoryTokenCache } from "aauth/agent";
import { LRUCache } from "lru-cache";

const MAX_TOKENS = 1000;
/** As long as a run is kept. */
const RUN_LIFETIME_SECONDS = 3600;

/**
 * Keeps auth tokens for a limited time.
 *
 * @param lifetimeSeconds 0: as long as a run, for runs that share no token with another
 * @param now Unix seconds
 */
export function createTokenCache(lifetimeSeconds: number, now: () => number): MemoryTokenCache {
  const tokens = new LRUCache<string, Grant>({
    max: MAX_TOKENS,
    ttl: (lifetimeSeconds || RUN_LIFETIME_SECONDS) * 1000,
    ttlResolution: 0,
    perf: { now: () => now() * 1000 },
  });
  return {
    get: (key) => tokens.get(key),
    set: (key, token) => void tokens.set(key, token),
    delete: (key) => void tokens.delete(key),
  };
}
