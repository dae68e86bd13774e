import { platformCrypto } from "#crypto";
import { decodeBase64Url, encodeBase64Url } from "../base64.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { ClaimStore, ClaimTerms } from "../store/claim-store.ts";
import type { HeaderFields } from "../types.ts";
import { fieldValue } from "./field.ts";

const NONCE_BYTES = 16;
const NONCE_MIN_BYTES = 12;
/** Bounded, because a nonce becomes part of a store key. */
const MAX_NONCE_CHARACTERS = 128;

/** A fresh nonce: 16 random bytes in base64url. */
export const createNonce = (): string => encodeBase64Url(platformCrypto.randomBytes(NONCE_BYTES));

/** Safe methods (RFC 9110 section 9.2.1), which need no nonce. */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** True when replaying the request could do harm. */
export const isUnsafeMethod = (method: string): boolean => !SAFE_METHODS.has(method);

/**
 * The nonce of a request, if it has one (profile 2.7).
 *
 * @param field name of the field; undefined in a profile without nonces
 * @param options.required refuse an unsafe request without one; default false
 * @throws {AAuthError} `nonce_required`; `malformed_nonce` when it is not base64url of 12 to 96
 * bytes
 *
 * Does NOT spend the nonce, or check that the signature covers it.
 */
export function readNonce(
  request: { readonly method: string; readonly headers: HeaderFields },
  field: string | undefined,
  options: { readonly required?: boolean } = {},
): string | undefined {
  if (field === undefined) return undefined;
  const nonce = fieldValue(request.headers, field);
  if (nonce === undefined) {
    if (options.required && isUnsafeMethod(request.method)) {
      throw new AAuthVerificationError("nonce_required", "an unsafe request needs a Nonce");
    }
    return undefined;
  }
  const bytes = nonce.length <= MAX_NONCE_CHARACTERS ? decodeBase64Url(nonce) : undefined;
  if (!bytes || bytes.length < NONCE_MIN_BYTES) {
    throw new AAuthVerificationError(
      "malformed_nonce",
      `Nonce is not base64url of ${NONCE_MIN_BYTES} to 96 bytes`,
    );
  }
  return nonce;
}

/** The facts of a verified request that identify a replay. */
export interface SignedUse {
  /** Canonical authority of the request. */
  readonly authority: string;
  /** Thumbprint of the key that signed. */
  readonly thumbprint: string;
  /** Owner and quota that the claim is charged to. */
  readonly charge: Omit<ClaimTerms, "ttlSeconds">;
  /** Tolerance of `created`. */
  readonly toleranceSeconds: number;
}

/**
 * Marks a nonce as used for twice the window of `created`. Call it only after the signature has
 * been verified; otherwise anyone could spend another caller's nonce.
 *
 * @throws {AAuthError} `nonce_replayed`, `replay_memory_full`
 */
export async function spendNonce(
  store: ClaimStore,
  use: SignedUse & { readonly nonce: string },
): Promise<void> {
  const claimed = await claim(store, use, use.nonce);
  // hole P10
  if (claimed !== true) throw new AAuthVerificationError("nonce_replayed", "the nonce has been used before");
}

/**
 * Marks a signed message as used, so that an unsafe request without a nonce is accepted only once.
 * The key is the signature base, because an ECDSA signature has two encodings that both verify. It
 * helps only where the signature covers the body.
 *
 * @throws {AAuthVerificationError} `signature_replayed`, `replay_memory_full`
 */
export async function spendSignature(
  store: ClaimStore,
  use: SignedUse & { readonly signatureBase: string },
): Promise<void> {
  // The dot distinguishes it from nonces.
  const digest = await platformCrypto.digest("sha-256", use.signatureBase, "base64url");
  const claimed = await claim(store, use, `.${digest}`);
  // hole T1
  if (claimed !== true) {
    throw new AAuthVerificationError("signature_replayed", "the signature has been used before");
  }
}

async function claim(store: ClaimStore, use: SignedUse, what: string): Promise<unknown> {
  const { authority, thumbprint, charge, toleranceSeconds } = use;
  // The whole window of `created`, including its last second: by another replica's clock the
  // signature may just have become valid.
  const ttlSeconds = 2 * toleranceSeconds + 1; // hole V24: toleranceSeconds + 1
  // None of the three contains a space, so the key is unambiguous. The dialect is not part of it,
  // because a message may be valid in two of them.
  const key = `${authority} ${thumbprint} ${what}`; // hole S20
  const claimed = await store.putIfAbsent(key, { ...charge, ttlSeconds });
  if (claimed === "full") {
    throw new AAuthVerificationError(
      "replay_memory_full",
      "the store of used nonces is full for this caller",
    );
  }
  return claimed;
}
