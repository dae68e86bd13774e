import { platformCrypto } from "#crypto";
import { encodeBase64Url } from "../base64.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { ClaimStore, ClaimTerms } from "../store/claim-store.ts";

const NONCE_BYTES = 16;

/** A fresh nonce: 16 random bytes in base64url. */
export const createNonce = (): string => encodeBase64Url(platformCrypto.randomBytes(NONCE_BYTES));

/** Safe methods (RFC 9110 section 9.2.1), which need no nonce. */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** True when replaying the request could do harm. */
export const isUnsafeMethod = (method: string): boolean => !SAFE_METHODS.has(method);

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
