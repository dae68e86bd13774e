/**
 * Revoked tokens, kept until they expire.
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

/** Stored data of a revocation; plain JSON. */
export interface RevokedToken {
  /** Unix seconds. */
  readonly exp: number;
}

/** Store and clock of revocations. */
export interface RevocationsOptions {
  /**
   * Shared by all replicas. Default: in memory, 50000 entries with a quota for each owner. Memory
   * is lost with the process, so person and auth tokens issued before its start are refused.
   */
  readonly store?: RecordStore<RevokedToken> | undefined;
  /** Unix seconds: `knownSince` of the stores. Default with a store: it is complete. */
  readonly knownSince?: number | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

/** Revocations that a resource has received. */
export interface Revocations {
  /** For a verifier: whether a token's issuer has revoked it. */
  readonly isRevoked: RevocationCheck;
  /**
   * Records that `iss` has revoked its token `jti`, until `exp`. Idempotent.
   *
   * @param iss proven by the signature of the request
   * @returns false if the store is full
   */
  revoke(token: { readonly iss: string; readonly jti: string; readonly exp: number }): Promise<boolean>;
}

/**
 * Time for which a revocation is kept after its token has expired: the largest clock difference
 * between replicas, store and issuers, which is the largest `toleranceSeconds`.
 */
const CLOCKS_DIFFER_SECONDS = 3_600;
/** Longer keys are replaced by their digest. */
const MAX_KEY_CHARACTERS = 512;

/**
 * Creates the record of revoked tokens. The key includes the issuer, so an issuer can revoke only
 * its own tokens. Clocks of replicas and stores may differ by up to an hour.
 *
 * @throws TypeError without a store on a runtime that does not report its start time
 * @throws AAuthVerificationError from `isRevoked`: without a store, `revocation_unknown` for an
 *   `iat` before that time
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
  const reason = "the token was issued before this process started and may have been revoked";
  return new AAuthVerificationError("revocation_unknown", reason, { claim: "iat" });
}

function keyOf(iss: string, jti: string): Awaitable<string> {
  const key = JSON.stringify([iss, jti]);
  return key.length <= MAX_KEY_CHARACTERS ? key : platformCrypto.digest("sha-256", key, "base64url");
}
