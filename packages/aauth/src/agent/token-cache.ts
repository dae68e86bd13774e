/**
 * Cache of an agent's tokens.
 *
 * @module
 */

import { createNonce } from "../http-signatures/replay.ts";
import { StoreFullError } from "../store/quota-store.ts";
import { RecentMap } from "../store/recent-map.ts";
import type { RecordStore, RecordTerms } from "../store/record-store.ts";

/** A token that an agent may present, and its metadata. Plain data, so that it can be stored. */
export interface ObtainedToken {
  /** Compact JWS. Never log it. */
  readonly token: string;
  /** Identifier of the server that issued it. */
  readonly server: string;
  /** Its audience, if it has a single one. */
  readonly resource?: string;
  /** Granted scopes, space-separated. */
  readonly scope: string;
  /** Identifier of the person at the issuer. */
  readonly subject?: string;
  /** Thumbprint of the key it is bound to. */
  readonly thumbprint: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Time from which it is replaced instead of used. Unix seconds. */
  readonly renewAt: number;
  /** Refresh token, in a profile that has them. Never log it. */
  readonly refreshToken?: string;
  /** Whether a resource has refused the token. It is then kept only for its refresh token. */
  readonly isRefused?: boolean;
  /** Random identifier of the process that has claimed its renewal. */
  readonly renewal?: string;
  /** Its second name in the cache, which includes the requested scope. */
  readonly storedAs?: string;
}

/**
 * Tokens by purpose. A name contains everything that a token depends on, including the wire profile
 * and the agent's key, so agents may share a store.
 */
export interface TokenCache {
  get(name: string): Promise<ObtainedToken | undefined>;
  /** Replaces the previous token. Without room in the store, the token is dropped. */
  set(name: string, token: ObtainedToken): Promise<void>;
  delete(name: string): Promise<void>;
  /** Marks a token as refused, unless it has been replaced. */
  refuse(name: string, token: string): Promise<void>;
  /**
   * Claims a refresh token for one of all processes, because an issuer may revoke the grant if a
   * refresh token is used twice. Clocks are not compared: each process measures how long it has
   * seen another's claim.
   *
   * @param seconds time for which this process must have seen the same claim before it takes over
   * @returns the claim; undefined while another process renews the token, or if the refresh token
   * is no longer stored
   */
  claimRenewal(name: string, refreshToken: string, seconds: number): Promise<string | undefined>;
  /** Releases a claim whose refresh token was not used, unless the claim has been taken over. */
  releaseRenewal(name: string, claim: string): Promise<void>;
}

/** Number of remembered claims of other processes. For a forgotten one, the wait starts again. */
const MAX_CLAIMS_SEEN = 1_000;

/**
 * Time for which a token with a refresh token, or a session, is kept after it was last obtained.
 */
const LONGEST_SECONDS = 30 * 86_400;

/**
 * Stores tokens in a {@link RecordStore} until they expire, charged to their person. An error of
 * the store ends the call, unless the store is full.
 *
 * @param now Unix seconds
 */
export function createTokenCache(store: RecordStore<ObtainedToken>, now: () => number): TokenCache {
  function termsOf({ server, subject = "", refreshToken, expiresAt }: ObtainedToken): RecordTerms {
    const seconds = refreshToken === undefined ? expiresAt - now() : LONGEST_SECONDS;
    const ttlSeconds = Math.min(Math.max(1, seconds), LONGEST_SECONDS);
    return { owner: keyOf([server, subject]), ttlSeconds };
  }
  /** Compare-and-set; undefined leaves the entry unchanged. */
  async function update(
    name: string,
    change: (kept: ObtainedToken | undefined) => ObtainedToken | undefined,
  ): Promise<void> {
    await store.update(name, (kept) => {
      const changed = change(kept);
      return changed && { value: changed, ...termsOf(changed) };
    });
  }
  /** First sighting of each claim by this process, by name, in milliseconds of its own clock. */
  const seen = new RecentMap<string, { readonly renewal: string; readonly sinceMs: number }>(MAX_CLAIMS_SEEN);
  /** Whether another process has exceeded its time for a renewal since the claim was first seen. */
  function isOver(name: string, renewal: string, seconds: number): boolean {
    const first = seen.get(name);
    if (first?.renewal === renewal) return performance.now() - first.sinceMs >= seconds * 1000;
    seen.set(name, { renewal, sinceMs: performance.now() });
    return false;
  }
  return {
    get: async (name) => store.get(name),
    async set(name, token) {
      try {
        await store.put(name, token, termsOf(token));
      } catch (error) {
        if (!(error instanceof StoreFullError)) throw error;
      }
    },
    delete: async (name) => store.delete(name),
    refuse: (name, token) =>
      update(name, (kept) => {
        if (kept?.token !== token) return undefined; // hole V58a
        return { ...kept, isRefused: true };
      }),
    async claimRenewal(name, refreshToken, seconds) {
      const current = (await store.get(name))?.renewal;
      if (current !== undefined && !isOver(name, current, seconds)) return undefined; // hole V62
      const renewal = createNonce();
      let isClaimed = false;
      await update(name, (kept) => {
        isClaimed = false;
        if (kept?.renewal !== current) return undefined; // hole V58
        isClaimed = kept?.refreshToken === refreshToken;
        return kept && isClaimed ? { ...kept, renewal } : undefined;
      });
      return isClaimed ? renewal : undefined;
    },
    releaseRenewal: (name, claim) =>
      update(name, (kept) => {
        if (kept?.renewal !== claim) return undefined; // hole V58b
        const { renewal: _, ...released } = kept;
        return released;
      }),
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
