/**
 * Tokens that their issuers have revoked, until they would have expired anyway.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import type { Awaitable } from "../crypto/interface.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { KeyValueStore } from "../store/key-value-store.ts";
import { createOwnedStore, type Owned } from "../store/owned-store.ts";
import { ownerOf } from "../store/owner-of.ts";
import type { RevocationCheck } from "./wire-profile.ts";

/** What is kept of a revocation; plain JSON. */
export interface RevokedToken extends Owned {
  /** Unix seconds. */
  readonly exp: number;
}

export interface RevocationsOptions {
  /**
   * Default: in memory, 50000 entries shared among the owners of issuers; gone with the process, so that person and auth tokens that were
   * issued before it began are refused. Replicas share one.
   */
  readonly store?: KeyValueStore<RevokedToken> | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

export interface Revocations {
  /** For a verifier: whether the issuer of a token has revoked it. */
  readonly isRevoked: RevocationCheck;
  /**
   * Keeps that `iss` has revoked its token `jti`, until `exp`; again is no error.
   *
   * @param iss proven by the signature of the request
   * @returns false where the store has no room
   */
  revoke(token: { readonly iss: string; readonly jti: string; readonly exp: number }): Promise<boolean>;
}

const MAX_ENTRIES = 50_000;
/** What is longer is kept by its digest. */
const MAX_KEY_CHARACTERS = 512;

/**
 * Creates the memory of revoked tokens, by issuer and `jti`: an issuer reaches its own tokens only.
 *
 * @throws TypeError without a store on a runtime that does not say when its process began
 * @throws AAuthVerificationError from `isRevoked` `revocation_unknown` for an `iat` before that, without a store
 *
 * @example
 * const revocations = createRevocations();
 * createVerifier({ profile: draft11, isRevoked: revocations.isRevoked, … });
 */
export function createRevocations(options: RevocationsOptions = {}): Revocations {
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const knownSince = options.store === undefined ? processStart(now) : 0;
  // The issuers that count are configured, so a single one may have all the room.
  const store =
    options.store ??
    createOwnedStore<RevokedToken>({ maxEntries: MAX_ENTRIES, maxPerOwner: MAX_ENTRIES, now });
  return {
    async isRevoked({ iss, jti, iat = knownSince }) {
      if (iat < knownSince) throw revocationUnknown(); // hole S7
      return (await store.get(await keyOf(iss, jti))) !== undefined;
    },
    async revoke({ iss, jti, exp }) {
      const ttlSeconds = exp - now();
      if (ttlSeconds <= 0) return true;
      const key = await keyOf(iss, jti);
      if (await store.putIfAbsent(key, { owner: ownerOf(iss), exp }, ttlSeconds)) return true;
      return (await store.get(key)) !== undefined;
    },
  };
}

function revocationUnknown(): AAuthVerificationError {
  const reason = "the token was issued before this process began, and may have been revoked since";
  return new AAuthVerificationError("revocation_unknown", reason, { claim: "iat" });
}

/** Unix seconds by `now`, rounded down: what a clock that counts seconds showed when this process began. */
function processStart(now: () => number): number {
  const startMs = performance.timeOrigin;
  if (!(startMs > 0)) throw new TypeError("revocations need a store: this runtime has no time of its start");
  // A test's clock is ahead of the system's, or behind; one that rounds down is neither.
  return Math.floor(startMs / 1000) + Math.ceil(now() - Date.now() / 1000);
}

function keyOf(iss: string, jti: string): Awaitable<string> {
  const key = JSON.stringify([iss, jti]);
  return key.length <= MAX_KEY_CHARACTERS ? key : platformCrypto.digest("sha-256", key, "base64url");
}
