/**
 * Cache of an agent's tokens.
 *
 * @module
 */

import type { TokenCache } from "../profile/renewal.ts";
import type { ObtainedToken } from "../profile/token-requests.ts";
import { StoreFullError } from "../store/quota-store.ts";
import type { RecordStore, RecordTerms } from "../store/record-store.ts";

/** Time for which a token with a continuation, or a session, is kept after it was last obtained. */
const LONGEST_SECONDS = 30 * 86_400;

/**
 * Stores tokens in a {@link RecordStore} until they expire, charged to their person. An error of
 * the store ends the call, unless the store is full.
 *
 * @param now Unix seconds
 */
export function createTokenCache(store: RecordStore<ObtainedToken>, now: () => number): TokenCache {
  function termsOf({ server, subject = "", continuation, expiresAt }: ObtainedToken): RecordTerms {
    const seconds = continuation === undefined ? expiresAt - now() : LONGEST_SECONDS;
    const ttlSeconds = Math.min(Math.max(1, seconds), LONGEST_SECONDS);
    return { owner: keyOf([server, subject]), ttlSeconds };
  }
  return {
    async get(name) {
      const kept: Partial<ObtainedToken> | null | undefined = await store.get(name);
      return isObtainedToken(kept) ? kept : undefined;
    },
    async set(name, token) {
      try {
        await store.put(name, token, termsOf(token));
      } catch (error) {
        if (!(error instanceof StoreFullError)) throw error;
      }
    },
    delete: async (name) => store.delete(name),
    async update(name, change) {
      await store.update(name, (kept) => {
        const changed = change(kept);
        return changed && { value: changed, ...termsOf(changed) };
      });
    },
  };
}

/**
 * Circumstances of a call that separate tokens: calls that differ in one of these share no token.
 */
export interface TokenOwner {
  /** Includes the agent's identifier in a profile in which an agent acts for one person. */
  readonly profile: string;
  /** Thumbprint of the agent's key. */
  readonly thumbprint: string;
  readonly resource: string;
  /** SHA-256 of the upstream token. */
  readonly upstreamHash: string | undefined;
  /** The caller's key for the user. */
  readonly cacheKey: string | undefined;
  /** Mission of the call. Default: none. */
  readonly mission?: string | undefined;
}

/** Name of the last used token for a resource, for the first attempt of a call. */
export function latestKey(owner: TokenOwner): string {
  const { profile, thumbprint, resource, upstreamHash, cacheKey, mission } = owner;
  const parts = [profile, thumbprint, resource, upstreamHash, cacheKey];
  return keyOf(mission === undefined ? parts : [...parts, mission]);
}

/** Name of a requested token. */
export function exactKey(owner: TokenOwner, server: string, scope: string, variant?: string): string {
  const parts = [latestKey(owner), server, scope];
  return keyOf(variant === undefined ? parts : [...parts, variant]);
}

/** Name of a resource's session token. */
export const sessionKey = (owner: TokenOwner): string => keyOf([latestKey(owner), "session"]);

/** Prefixes each part with its length, so that different lists cannot yield the same string. */
function keyOf(parts: readonly (string | undefined)[]): string {
  let text = "";
  for (const part of parts) text += part === undefined ? "-," : `${part.length}:${part},`;
  return text;
}

/**
 * Whether a stored value is a token. An external store may return null, or an entry of an earlier
 * version.
 */
export function isObtainedToken(value: Partial<ObtainedToken> | null | undefined): value is ObtainedToken {
  if (typeof value !== "object" || value === null) return false;
  const { token, server, scope, thumbprint, expiresAt, renewAt } = value;
  return (
    [token, server, scope, thumbprint].every((text) => typeof text === "string") &&
    [expiresAt, renewAt].every((time) => typeof time === "number")
  );
}
