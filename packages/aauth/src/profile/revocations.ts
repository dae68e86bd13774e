/**
 * Tokens that their issuers have revoked, until they would have expired anyway.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import type { Awaitable } from "../crypto/interface.ts";
import { AAuthVerificationError } from "../errors.ts";
import { ownerOf } from "../store/owner-of.ts";
import { requireProcessStart } from "../store/process-start.ts";
import { StoreFullError } from "../store/quota-store.ts";
import { createMemoryRecordStore, type RecordStore } from "../store/record-store.ts";
import type { RevocationCheck } from "./verification.ts";

/** What is kept of a revocation; plain JSON. */
export interface RevokedToken {
  /** Unix seconds. */
  readonly exp: number;
}

/** Where revocations are kept, and by which clock. */
export interface RevocationsOptions {
  /**
   * Default: in memory, 50000 entries shared among the owners of issuers; gone with the process, so
   * that person and auth tokens that were issued before it began are refused. Replicas share one.
   */
  readonly store?: RecordStore<RevokedToken> | undefined;
  /** Unix seconds: `knownSince` of the stores. Default with a store: everything is there. */
  readonly knownSince?: number | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

/** Revoked tokens, as far as a resource has heard of them. */
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

/**
 * How long a revocation is kept after its token has expired: as far as the clocks of replicas, of a
 * store and of issuers may differ, the largest `toleranceSeconds`.
 */
const CLOCKS_DIFFER_SECONDS = 3_600;
/** What is longer is kept by its digest. */
const MAX_KEY_CHARACTERS = 512;

/**
 * Creates the memory of revoked tokens, by issuer and `jti`: an issuer reaches its own tokens only.
 * A clock that is up to an hour ahead, of a replica or of the store, forgets none.
 *
 * @throws TypeError without a store on a runtime that does not say when its process began
 * @throws AAuthVerificationError from `isRevoked` `revocation_unknown` for an `iat` before that,
 * without a store
 *
 * @example
 * const revocations = createRevocations();
 * createVerifier({ profile: draft11, isRevoked: revocations.isRevoked, … });
 */
export function createRevocations(options: RevocationsOptions = {}): Revocations {
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const { knownSince = options.store === undefined ? requireProcessStart(now, "revocations in memory") : 0 } =
    options;
  const store = options.store ?? createMemoryRecordStore<RevokedToken>({ now });
  return {
    async isRevoked({ iss, jti, iat = knownSince }) {
      if (iat < knownSince) throw revocationUnknown(); // hole S7
      return (await store.get(await keyOf(iss, jti))) !== undefined;
    },
    async revoke({ iss, jti, exp }) {
      const ttlSeconds = exp - now() + CLOCKS_DIFFER_SECONDS; // hole V63
      if (ttlSeconds <= 0) return true;
      try {
        await store.putIfAbsent(await keyOf(iss, jti), { exp }, { owner: ownerOf(iss), ttlSeconds });
        return true;
      } catch (error) {
        if (error instanceof StoreFullError) return false;
        throw error;
      }
    },
  };
}

function revocationUnknown(): AAuthVerificationError {
  const reason = "the token was issued before this process began, and may have been revoked";
  return new AAuthVerificationError("revocation_unknown", reason, { claim: "iat" });
}

function keyOf(iss: string, jti: string): Awaitable<string> {
  const key = JSON.stringify([iss, jti]);
  return key.length <= MAX_KEY_CHARACTERS ? key : platformCrypto.digest("sha-256", key, "base64url");
}
