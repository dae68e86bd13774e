/**
 * Renewal of tokens by refresh tokens (profile 6.1), each used by one of all processes.
 *
 * @module
 */

import { delay } from "../agent/timeout.ts";
import { AAuthAgentError, AAuthError, isUnanswered } from "../errors.ts";
import { createNonce } from "../http-signatures/replay.ts";
import type { AgeingToken, RenewingAgent, RenewToken, TokenCache } from "../profile/renewal.ts";
import type { ObtainedToken } from "../profile/token-requests.ts";
import { RecentMap } from "../store/recent-map.ts";
import { refreshRequest } from "./token-requests.ts";

/** A token of an auth server. */
export interface FebruaryToken extends ObtainedToken {
  readonly continuation?: {
    /** Never log it. */
    readonly refreshToken: string;
    /** Random identifier of the process that has claimed the refresh token. */
    readonly claim?: string;
  };
}

/** Interval at which a process checks whether another has renewed a token. */
const LOOK_MS = 100;
/** Bounds of the lifetime of a claim. After a crash, other processes wait this long. */
const MIN_CLAIM_SECONDS = 20;
const MAX_CLAIM_SECONDS = 600;
/** Number of remembered claims of other processes. For a forgotten one, the wait starts again. */
const MAX_CLAIMS_SEEN = 1_000;

const continuationOf = (token: ObtainedToken | undefined) =>
  (token as FebruaryToken | undefined)?.continuation;

/** Whether a token may be presented until it expires, because no resource has refused it. */
const isPresentable = ({ isRefused }: ObtainedToken) => isRefused !== true;

/** The renewal of one agent's tokens. */
export function renewalOf(agent: RenewingAgent): RenewToken {
  const { tokens } = agent;
  const claims = createClaims(tokens);

  return async (ageing, share) => {
    const { old, storedAs, name } = ageing;
    const refreshToken = continuationOf(old)?.refreshToken;
    if (refreshToken === undefined) return undefined;
    try {
      // A call that must wait for another process must not fail with one that need not.
      const shareName = isPresentable(old) ? name : `${name} refused`;
      const obtained = await share(shareName, async ({ signal, request }) => {
        const found = await claimOrWait(agent, claims, ageing, refreshToken, signal);
        if (typeof found !== "string") return found;
        const renewed = await request((context) => refreshRequest(old.server, refreshToken, context)).catch(
          async (error: unknown) => {
            if (error instanceof AAuthError && isUnanswered(error)) await claims.release(storedAs, found);
            throw error;
          },
        );
        if (renewed.subject === old.subject)
          await tokens.set(name, { continuation: { refreshToken }, ...renewed });
        else await tokens.delete(name);
        return renewed;
      });
      // A token of one user must never reach another.
      return obtained.subject === old.subject ? obtained : undefined;
    } catch (error) {
      if (!(error instanceof AAuthError)) throw error;
      // The auth server may be temporarily unavailable while the token is still valid.
      if (isUnanswered(error)) return "issuer_away";
      if (continuationOf(await tokens.get(storedAs))?.refreshToken !== refreshToken) return undefined;
    }
    await tokens.delete(name);
    return undefined;
  };
}

/**
 * Waits while another process renews a token that cannot be presented. Returns the renewed token,
 * or a claim if this process may renew it.
 *
 * @throws AAuthAgentError `token_request_failed` if the other process did not renew it
 */
async function claimOrWait(
  { tokens, now, tokenRequestMs }: RenewingAgent,
  claims: Claims,
  { old, storedAs, name }: AgeingToken,
  refreshToken: string,
  signal: AbortSignal | undefined,
): Promise<ObtainedToken | string> {
  const seconds = claimSeconds(tokenRequestMs);
  const claim = (of?: string) => claims.claim(storedAs, refreshToken, seconds, of);
  const failed = () =>
    new AAuthAgentError("token_request_failed", "another process could not renew the token");
  const first = await claim();
  if (first !== undefined) return first;
  const giveUpAt = performance.now() + seconds * 1000;
  for (;;) {
    const mayWait = performance.now() < giveUpAt && !(isPresentable(old) && now() < old.expiresAt);
    const kept = continuationOf(await tokens.get(storedAs));
    const renewed = await tokens.get(name);
    if (renewed !== undefined && renewed.token !== old.token && now() < renewed.renewAt) return renewed;
    if (kept?.refreshToken !== refreshToken || kept.claim === undefined) throw failed();
    const later = await claim(kept.claim);
    if (later !== undefined) return later;
    if (!mayWait) throw failed();
    await delay(LOOK_MS, signal);
  }
}

/** Exceeds the duration of a token request, including discovery of its endpoint. */
const claimSeconds = (tokenRequestMs: number): number =>
  Math.min(Math.max(MIN_CLAIM_SECONDS, Math.ceil(tokenRequestMs / 500)), MAX_CLAIM_SECONDS);

/** Claims of refresh tokens. */
export interface Claims {
  /**
   * Claims a refresh token for one of all processes, because an issuer may revoke the grant if a
   * refresh token is used twice. Clocks are not compared: each process measures how long it has
   * seen another's claim.
   *
   * @param seconds time for which this process must have seen the same claim before it takes over
   * @param of the claim to take over; one that was released meanwhile is not. Default: any
   * @returns the claim; undefined while another process renews the token, or if the refresh token
   *   is no longer stored
   */
  claim(name: string, refreshToken: string, seconds: number, of?: string): Promise<string | undefined>;
  /** Releases a claim whose refresh token was not used, unless the claim has been taken over. */
  release(name: string, claim: string): Promise<void>;
}

export function createClaims(tokens: TokenCache): Claims {
  /** First sighting of each claim by this process, in milliseconds of its own clock. */
  const seen = new RecentMap<string, number>(MAX_CLAIMS_SEEN);
  /** Whether another process has exceeded its time for a renewal since the claim was first seen. */
  function isOver(claim: string, seconds: number): boolean {
    const sinceMs = seen.get(claim);
    if (sinceMs !== undefined) return performance.now() - sinceMs >= seconds * 1000;
    seen.set(claim, performance.now());
    return false;
  }
  return {
    async claim(name, refreshToken, seconds, of) {
      const current = continuationOf(await tokens.get(name))?.claim;
      if (of !== undefined && current !== of) return undefined;
      if (current !== undefined && !isOver(current, seconds)) return undefined; // hole V62
      const claim = createNonce();
      let isClaimed = false;
      await tokens.update(name, (kept) => {
        isClaimed = false;
        const continuation = continuationOf(kept);
        if (continuation?.claim !== current) return undefined; // hole V58
        isClaimed = continuation?.refreshToken === refreshToken;
        return kept && isClaimed ? { ...kept, continuation: { refreshToken, claim } } : undefined;
      });
      return isClaimed ? claim : undefined;
    },
    release: (name, claim) =>
      tokens.update(name, (kept) => {
        const continuation = continuationOf(kept);
        if (kept === undefined || continuation?.claim !== claim) return undefined; // hole V58b
        return { ...kept, continuation: { refreshToken: continuation.refreshToken } };
      }),
  };
}
