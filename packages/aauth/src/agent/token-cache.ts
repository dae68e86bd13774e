/**
 * Tokens that an agent holds.
 *
 * @module
 */

import { createNonce } from "../http-signatures/replay.ts";
import { StoreFullError } from "../store/quota-store.ts";
import { RecentMap } from "../store/recent-map.ts";
import type { RecordStore, RecordTerms } from "../store/record-store.ts";

/**
 * A token that an agent may present, and what has to be known of it. Plain data: it can be written
 * down and read again.
 */
export interface ObtainedToken {
  /** Compact JWS. Never log it. */
  readonly token: string;
  /** Identifier of the server that issued it. */
  readonly server: string;
  /** Its audience, where it names a single one. */
  readonly resource?: string;
  /** What it allows; space-separated. */
  readonly scope: string;
  /** The person it speaks for, as its issuer names them. */
  readonly subject?: string;
  /** Thumbprint of the key it is bound to. */
  readonly thumbprint: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** From here on it is replaced rather than used. Unix seconds. */
  readonly renewAt: number;
  /** Renews it, where the profile has refresh tokens. Never log it. */
  readonly refreshToken?: string;
  /**
   * A resource has refused the token: it is not presented again, and stays for its refresh token
   * only.
   */
  readonly isRefused?: boolean;
  /** Random name of the claim of a process that may be renewing it. */
  readonly renewal?: string;
  /** The other name it is stored under, which includes the scope that was wanted. */
  readonly storedAs?: string;
}

/**
 * Tokens by the name of what they are for. A name contains everything that a token depends on, the
 * wire profile and the agent's key among it, so agents may share a store.
 */
export interface TokenCache {
  get(name: string): Promise<ObtainedToken | undefined>;
  /** Replaces the token before. One that the store has no room for is not kept. */
  set(name: string, token: ObtainedToken): Promise<void>;
  delete(name: string): Promise<void>;
  /** Marks a token as refused, unless another has taken its place. */
  refuse(name: string, token: string): Promise<void>;
  /**
   * Lets one of all processes use a refresh token: an issuer may take it once, and end what came of
   * it when it comes twice. No clocks of two processes are compared: each measures for itself how
   * long it has seen a claim of another.
   *
   * @param seconds for which this process has to have seen the same claim before it takes it over
   * @returns the claim; undefined while another process renews, and where the refresh token is not
   * kept any more
   */
  claimRenewal(name: string, refreshToken: string, seconds: number): Promise<string | undefined>;
  /** Gives back a claim whose refresh token was not taken, unless another has taken its place. */
  releaseRenewal(name: string, claim: string): Promise<void>;
}

/**
 * Claims of other processes that a process remembers. For one that it has forgotten it waits again.
 */
const MAX_CLAIMS_SEEN = 1_000;

/** A token with a refresh token, and a session, are kept for so long after they were last got. */
const LONGEST_SECONDS = 30 * 86_400;

/**
 * Keeps tokens in a {@link RecordStore}: until they expire, charged to the person they speak for.
 * What the store throws ends the call, except that it has no room.
 *
 * @param now Unix seconds
 */
export function createTokenCache(store: RecordStore<ObtainedToken>, now: () => number): TokenCache {
  function termsOf({ server, subject = "", refreshToken, expiresAt }: ObtainedToken): RecordTerms {
    const seconds = refreshToken === undefined ? expiresAt - now() : LONGEST_SECONDS;
    const ttlSeconds = Math.min(Math.max(1, seconds), LONGEST_SECONDS);
    return { owner: keyOf([server, subject]), ttlSeconds };
  }
  /** Compare-and-set; undefined leaves what is kept as it is. */
  async function update(
    name: string,
    change: (kept: ObtainedToken | undefined) => ObtainedToken | undefined,
  ): Promise<void> {
    await store.update(name, (kept) => {
      const changed = change(kept);
      return changed && { value: changed, ...termsOf(changed) };
    });
  }
  /** By name, when this process first saw a claim, in milliseconds of its own. */
  const seen = new RecentMap<string, { readonly renewal: string; readonly sinceMs: number }>(MAX_CLAIMS_SEEN);
  /** Whether another process has had the time for a renewal since it was first seen here. */
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
 * In whose interest and with which key a resource is called. Two calls that differ here share no
 * token.
 */
export interface TokenOwner {
  /** With the agent's identifier, where the profile gives an agent one person. */
  readonly profile: string;
  /** Thumbprint of the agent's key. */
  readonly thumbprint: string;
  readonly resource: string;
  /** SHA-256 of the upstream token. */
  readonly upstreamHash: string | undefined;
  /** The caller's name for the user. */
  readonly cacheKey: string | undefined;
  /** The mission that the call is part of. Default: none. */
  readonly mission?: string | undefined;
}

/**
 * The name of the token used last for a resource: right for a first try, before anything has been
 * asked for.
 */
export function latestKey(owner: TokenOwner): string {
  const { profile, thumbprint, resource, upstreamHash, cacheKey, mission } = owner;
  const parts = [profile, thumbprint, resource, upstreamHash, cacheKey];
  return keyOf(mission === undefined ? parts : [...parts, mission]);
}

/** The name of a token that is wanted. */
export function exactKey(owner: TokenOwner, server: string, scope: string, variant?: string): string {
  const parts = [latestKey(owner), server, scope];
  return keyOf(variant === undefined ? parts : [...parts, variant]);
}

/** The name of a resource's session token. */
export const sessionKey = (owner: TokenOwner): string => keyOf([latestKey(owner), "session"]);

/** Each part is preceded by its length, so that no two lists make the same string. */
function keyOf(parts: readonly (string | undefined)[]): string {
  let text = "";
  for (const part of parts) text += part === undefined ? "-," : `${part.length}:${part},`;
  return text;
}

/**
 * A store outside of the process may answer null, or what an earlier version has written: neither
 * is a token.
 */
export function isObtainedToken(value: Partial<ObtainedToken> | null | undefined): value is ObtainedToken {
  if (typeof value !== "object" || value === null) return false;
  const { token, server, scope, thumbprint, expiresAt, renewAt } = value;
  return (
    [token, server, scope, thumbprint].every((text) => typeof text === "string") &&
    [expiresAt, renewAt].every((time) => typeof time === "number")
  );
}
