/**
 * Renewal of cached tokens, in a dialect whose servers replace a token without a resource token.
 *
 * @module
 */

import type { ObtainedToken, TokenRequest, TokenRequestContext } from "./token-requests.ts";

/**
 * Tokens by purpose. A name contains everything that a token depends on, including the wire profile
 * and the agent's key, so agents may share a store.
 */
export interface TokenCache {
  get(name: string): Promise<ObtainedToken | undefined>;
  /** Replaces the previous token. Without room in the store, the token is dropped. */
  set(name: string, token: ObtainedToken): Promise<void>;
  delete(name: string): Promise<void>;
  /** Compare-and-set; `change` may run again, and undefined leaves the entry unchanged. */
  update(name: string, change: (kept: ObtainedToken | undefined) => ObtainedToken | undefined): Promise<void>;
}

/** The agent whose tokens are renewed. */
export interface RenewingAgent {
  readonly tokens: TokenCache;
  /** Unix seconds. */
  readonly now: () => number;
  /** Time limit of a token request. */
  readonly tokenRequestMs: number;
}

/** A token with a continuation that is near its end, or that a resource refused. */
export interface AgeingToken {
  readonly old: ObtainedToken;
  /** Its name in the cache. */
  readonly storedAs: string;
  /** Name for the new token, which is bound to the key of the call. */
  readonly name: string;
}

/** A renewal that calls share. It outlives the call that began it. */
export interface SharedRenewal {
  readonly signal?: AbortSignal | undefined;
  /** Sends a token request with the facts of the call. */
  request(make: (context: TokenRequestContext) => TokenRequest): Promise<ObtainedToken>;
}

/** Runs `make` once for all concurrent calls with the same name. */
export type ShareRenewal = (
  name: string,
  make: (shared: SharedRenewal) => Promise<ObtainedToken>,
) => Promise<ObtainedToken>;

/**
 * Renews a token and stores the new one. Undefined if the continuation no longer works; it is then
 * dropped. `issuer_away` if the issuer did not answer.
 */
export type RenewToken = (
  ageing: AgeingToken,
  share: ShareRenewal,
) => Promise<ObtainedToken | "issuer_away" | undefined>;
