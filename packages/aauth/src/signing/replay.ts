import { platformCrypto } from "#crypto";
import { decodeBase64Url, encodeBase64Url } from "../base64.ts";
import type { Awaitable } from "../crypto/interface.ts";
import { AAuthError } from "../errors.ts";
import { fieldValue } from "../headers/field.ts";
import { PROFILE } from "../profile.ts";
import { createMemoryStore, type MemoryStoreOptions } from "../store/memory-store.ts";
import type { HeaderFields } from "../types.ts";

/** Remembers what has been used once. */
export interface ReplayStore {
  /** Claims `key` for `ttlSeconds`; true for the first to do so. Has to be atomic. */
  putIfAbsent(key: string, ttlSeconds: number): Awaitable<boolean>;
}

/** A nonce is kept as part of a key, so it must not be arbitrarily long. */
const MAX_NONCE_CHARACTERS = 128;

/**
 * A `ReplayStore` in memory, for one process. Size it for the signed unsafe requests of two windows (2 × 60 s). When
 * it is full nothing is forgotten: requests with a new nonce are refused until old ones run out.
 *
 * @param options.maxEntries default 100000, about 20 MB when full
 *
 * @example
 * createVerifier({ replayStore: createMemoryReplayStore({ maxEntries: 500_000 }), … });
 */
export function createMemoryReplayStore(options: MemoryStoreOptions = {}): ReplayStore {
  const store = createMemoryStore<true>({ maxEntries: 100_000, ...options });
  return { putIfAbsent: (key, ttlSeconds) => store.putIfAbsent(key, true, ttlSeconds) };
}

/** A fresh nonce: 16 random bytes in base64url. */
export const createNonce = (): string => encodeBase64Url(platformCrypto.randomBytes(PROFILE.nonceBytes));

/** Methods a repetition of which does no harm (RFC 9110 section 9.2.1): no nonce is demanded there. */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** True when a repetition of the request could do harm. */
export const isUnsafeMethod = (method: string): boolean => !SAFE_METHODS.has(method);

/**
 * The nonce of a request, if it has one (profile 2.7).
 *
 * @param options.required refuse an unsafe request without one; default false
 * @throws {AAuthError} `nonce_required`; `malformed_nonce` when it is not base64url of 12 to 96 bytes
 *
 * Does NOT spend it, and does not check that it is covered: `requireCoverage` does.
 */
export function readNonce(
  request: { readonly method: string; readonly headers: HeaderFields },
  options: { readonly required?: boolean } = {},
): string | undefined {
  const nonce = fieldValue(request.headers, PROFILE.headers.nonce);
  if (nonce === undefined) {
    if (options.required && isUnsafeMethod(request.method)) {
      throw new AAuthError("nonce_required", "an unsafe request needs a Nonce");
    }
    return undefined;
  }
  const bytes = nonce.length <= MAX_NONCE_CHARACTERS ? decodeBase64Url(nonce) : undefined;
  if (!bytes || bytes.length < PROFILE.nonceMinBytes) {
    throw new AAuthError("malformed_nonce", `Nonce is not base64url of ${PROFILE.nonceMinBytes} to 96 bytes`);
  }
  return nonce;
}

/**
 * Spends a nonce for as long as the signature that carries it could pass again. Call it only after the signature has
 * been verified: else anyone could spend another's nonce.
 *
 * @param use.authority canonical authority addressed
 * @param use.thumbprint of the key that signed
 * @param use.createdSeconds `created` of the signature, Unix seconds
 * @param use.nowSeconds Unix seconds
 * @param use.toleranceSeconds the window of `requireFreshness`; default 60
 * @throws {AAuthError} `nonce_replayed`
 */
export async function spendNonce(
  store: ReplayStore,
  use: {
    readonly authority: string;
    readonly thumbprint: string;
    readonly nonce: string;
    readonly createdSeconds: number;
    readonly nowSeconds: number;
    readonly toleranceSeconds?: number;
  },
): Promise<void> {
  const tolerance = use.toleranceSeconds ?? PROFILE.createdToleranceSeconds;
  // One second more: the last second of the window is inclusive.
  const ttlSeconds = Math.max(1, use.createdSeconds + tolerance + 1 - Math.floor(use.nowSeconds));
  // None of the three has a space, so no two uses share a key.
  const claimed = await store.putIfAbsent(`${use.authority} ${use.thumbprint} ${use.nonce}`, ttlSeconds);
  if (claimed !== true) throw new AAuthError("nonce_replayed", "the nonce has been used before");
}
