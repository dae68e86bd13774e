/**
 * Auth tokens an agent holds.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { Awaitable } from "../crypto/interface.ts";

export interface CachedToken {
  readonly authToken: string;
  readonly authServer: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** From here on it is replaced rather than used. Unix seconds. */
  readonly renewAt: number;
  /** What it is good for; space-separated. */
  readonly scope: string;
  readonly refreshToken?: string;
}

/**
 * A bounded map. Keys name everything a token depends on, the agent's key among it: processes that share a cache share that, too. What is
 * in it are tokens of users, and refresh tokens: a store outside of the process has to keep them as such. A cache that rejects ends the
 * call.
 */
export interface TokenCache {
  get(key: string): Awaitable<CachedToken | undefined>;
  set(key: string, token: CachedToken): Awaitable<void>;
  delete(key: string): Awaitable<void>;
}

/** One in the memory of a process, which answers at once. */
export interface MemoryTokenCache extends TokenCache {
  get(key: string): CachedToken | undefined;
  set(key: string, token: CachedToken): void;
  delete(key: string): void;
}

/**
 * Creates a cache in memory for `maxEntries` tokens, by default 1000. The least recently used ones give way.
 *
 * @example
 * createAgent({ tokenCache: createTokenCache({ maxEntries: 10_000 }), ...options });
 */
export function createTokenCache(options: { maxEntries?: number } = {}): MemoryTokenCache {
  const entries = new LRUCache<string, CachedToken>({ max: options.maxEntries ?? 1_000 });
  return {
    get: (key) => entries.get(key),
    set: (key, token) => void entries.set(key, token),
    delete: (key) => void entries.delete(key),
  };
}

/** In whose interest and with which key a resource is called. Two calls that differ here share no token. */
export interface TokenHolder {
  /** Thumbprint of the agent's key. */
  readonly thumbprint: string;
  readonly resource: string;
  /** SHA-256 of the upstream token. */
  readonly upstreamHash: string | undefined;
  /** The caller's name for the user. */
  readonly cacheKey: string | undefined;
}

/** The key of the token used last for a resource: good for a first try, before anyone has asked for a scope. */
export function latestKey(holder: TokenHolder): string {
  const { thumbprint, resource, upstreamHash, cacheKey } = holder;
  return joined([thumbprint, resource, upstreamHash, cacheKey]);
}

/** The key of the token for what a challenge asks for. */
export function exactKey(holder: TokenHolder, authServer: string, scope: string): string {
  return joined([latestKey(holder), authServer, scope]);
}

/** Each part goes with its length, so that no two lists make the same text. */
function joined(parts: readonly (string | undefined)[]): string {
  let text = "";
  for (const part of parts) text += part === undefined ? "-," : `${part.length}:${part},`;
  return text;
}
