/**
 * The steps that prove a signature, each on its own. None of them is the gate: `createVerifier` of `aauth/resource`
 * calls them in the one right order.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import type { Awaitable } from "../crypto/interface.ts";
import { AAuthError } from "../errors.ts";
import { PROFILE } from "../profile.ts";
import type { HeaderFields, ReceivedRequest, VerificationKey } from "../types.ts";
import { fieldValue, requireBoundedHeader } from "./field.ts";
import { buildSignatureBase } from "./signature-base.ts";
import type { SignatureInput } from "./signature-input.ts";

/** The three headers of a signed message, not yet parsed. */
export interface SignatureHeaders {
  readonly signatureKey: string;
  readonly signatureInput: string;
  readonly signature: string;
}

/**
 * Finds the three signature headers.
 *
 * @param headers lower-case names
 * @throws {AAuthError} `missing_signature` when one is missing: a partial set is never an unsigned request;
 *   `header_too_large`
 */
export function readSignatureHeaders(headers: HeaderFields): SignatureHeaders {
  const read = (name: string): string => {
    const value = fieldValue(headers, name);
    if (value === undefined) throw new AAuthError("missing_signature", `the request has no ${name}`);
    requireBoundedHeader(name, value);
    return value;
  };
  return {
    signatureKey: read(PROFILE.headers.signatureKey),
    signatureInput: read(PROFILE.headers.signatureInput),
    signature: read(PROFILE.headers.signature),
  };
}

/**
 * Refuses three headers that do not speak of the same signature.
 *
 * @throws {AAuthError} `label_mismatch`
 */
export function requireSameLabel(...members: readonly { readonly label: string }[]): void {
  for (const { label } of members) {
    if (label !== members[0]?.label) {
      throw new AAuthError("label_mismatch", "the three signature headers carry different labels");
    }
  }
}

/**
 * Refuses a signature that is too old, from the future, or past its own `expires` (profile 2.4).
 *
 * @param options.nowSeconds Unix seconds
 * @param options.toleranceSeconds how far `created` may be from now, either way, inclusive; `expires` gets none.
 *   Default 60.
 * @throws {AAuthError} `created_missing`, `created_out_of_window`, `signature_expired`
 */
export function requireFreshness(
  input: SignatureInput,
  options: { readonly nowSeconds: number; readonly toleranceSeconds?: number },
): void {
  const now = Math.floor(options.nowSeconds);
  const tolerance = options.toleranceSeconds ?? PROFILE.createdToleranceSeconds;
  if (input.created === undefined) {
    throw new AAuthError("created_missing", "Signature-Input has no integer created");
  }
  // Written so that a clock that is not a number refuses.
  if (!(Math.abs(now - input.created) <= tolerance)) {
    throw new AAuthError("created_out_of_window", `created is more than ${tolerance} s from now`);
  }
  if (input.expires !== undefined && !(now < input.expires)) {
    throw new AAuthError("signature_expired", "the signature has expired");
  }
}

/**
 * Rebuilds the signature base of a received request, with `@signature-params` in the caller's own spelling.
 *
 * @param authority canonical, from configuration
 * @throws {AAuthError} `missing_component`
 */
export function rebuildSignatureBase(
  request: ReceivedRequest,
  authority: string,
  input: SignatureInput,
): string {
  return buildSignatureBase({
    method: request.method,
    authority,
    target: request.target,
    headers: request.headers,
    components: input.components,
    signatureParams: input.raw,
  });
}

/**
 * Proves that `key` made `signature` over `base`.
 *
 * @param signature 64 bytes
 * @throws {AAuthError} `invalid_signature`, also when the `alg` parameter names another algorithm (RFC 9421
 *   section 3.2)
 *
 * Does NOT check coverage, time, replay, the body, or whose key it is.
 */
export async function verifySignature(
  options: SignedBase & { readonly key: VerificationKey },
): Promise<void> {
  requireAlgorithm(options.input);
  if ((await signatureHolds(options, options.key)) !== true) throw invalidSignature();
}

/** What was signed, and the signature. */
export interface SignedBase {
  readonly base: string;
  readonly input: SignatureInput;
  readonly signature: Uint8Array;
}

/** Refuses an `alg` parameter that is not that of the keys of this profile. */
export function requireAlgorithm({ params }: SignatureInput): void {
  if (params.size > 1 && params.has("alg") && params.get("alg") !== "ed25519") {
    throw new AAuthError("invalid_signature", "the alg parameter is not that of the key");
  }
}

/** The proof itself, for whoever has made sure of {@link requireAlgorithm}. */
export function signatureHolds({ base, signature }: SignedBase, key: VerificationKey): Awaitable<boolean> {
  return key.verify(platformCrypto.encodeAscii(base), signature);
}

export function invalidSignature(): AAuthError {
  return new AAuthError("invalid_signature", "the signature does not verify");
}
