/**
 * The steps of signature verification. No step proves a request on its own: `createVerifier` of
 * `aauth/resource` runs them in the required order.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { HeaderFields, KeyAlgorithm, ReceivedRequest, VerificationKey } from "../types.ts";
import { fieldValue, requireBoundedHeader } from "./field.ts";
import { buildSignatureBase, type SignatureBaseInput } from "./signature-base.ts";
import type { SignatureInput } from "./signature-input.ts";

/** The three headers of a signed message, not yet parsed. */
export interface SignatureHeaders {
  readonly signatureKey: string;
  readonly signatureInput: string;
  readonly signature: string;
}

/** Names of the three fields, in lower case. */
export type SignatureFields = SignatureHeaders;

/**
 * Finds the three signature headers.
 *
 * @param headers lower-case names
 * @throws {AAuthVerificationError} `missing_signature` when one is missing: a partial set is never
 *   an unsigned request; `header_too_large`
 */
export function readSignatureHeaders(headers: HeaderFields, fields: SignatureFields): SignatureHeaders {
  const read = (name: string): string => {
    const value = fieldValue(headers, name);
    // hole D1, D9: if (value === undefined) return "";
    if (value === undefined) {
      // A message with some of the fields was signed, and has lost this one.
      const names = [fields.signatureKey, fields.signatureInput, fields.signature];
      const isPartial = names.some((field) => fieldValue(headers, field) !== undefined);
      throw new AAuthVerificationError("missing_signature", `the request has no ${name}`, {
        expected: name,
        claim: isPartial ? name : undefined,
      });
    }
    requireBoundedHeader(name, value);
    return value;
  };
  return {
    signatureKey: read(fields.signatureKey),
    signatureInput: read(fields.signatureInput),
    signature: read(fields.signature),
  };
}

/**
 * Refuses signature headers with different labels.
 *
 * @throws {AAuthError} `label_mismatch`
 */
export function requireSameLabel(...members: readonly { readonly label: string }[]): void {
  for (const { label } of members) {
    // hole P5
    if (label !== members[0]?.label) {
      throw new AAuthVerificationError(
        "label_mismatch",
        "the three signature headers carry different labels",
      );
    }
  }
}

/**
 * Refuses a signature that is too old, from the future, or past its own `expires` (profile 2.4).
 *
 * @param options.nowSeconds Unix seconds
 * @param options.toleranceSeconds how far `created` may be from now, either way, inclusive;
 * `expires` has no tolerance
 * @throws {AAuthError} `created_missing`; `created_out_of_window`, with `expected` either `earlier`
 * or `later`; `signature_expired`
 */
export function requireFreshness(
  input: SignatureInput,
  options: { readonly nowSeconds: number; readonly toleranceSeconds: number },
): void {
  const now = Math.floor(options.nowSeconds);
  const tolerance = options.toleranceSeconds;
  // hole P1: if (input.created === undefined) return;
  if (input.created === undefined) {
    throw new AAuthVerificationError("created_missing", "Signature-Input has no integer created");
  }
  // Negated, so that a NaN clock refuses.
  // hole J4
  if (!(Math.abs(now - input.created) <= tolerance)) {
    throw new AAuthVerificationError(
      "created_out_of_window",
      `created is ${now - input.created} s ago, at most ${tolerance} either way: set the clocks`,
      {
        claim: "created",
        expected: input.created > now ? "earlier" : "later",
      },
    );
  }
  // hole P8
  if (input.expires !== undefined && !(now < input.expires)) {
    throw new AAuthVerificationError("signature_expired", "the signature has expired");
  }
}

/**
 * Rebuilds the signature base of a received request, with `@signature-params` exactly as received.
 *
 * @param authority canonical, from configuration
 * @throws {AAuthError} `missing_component`
 */
export function rebuildSignatureBase(
  request: ReceivedRequest,
  authority: string,
  input: SignatureInput,
  { scheme, absentQuery }: Pick<SignatureBaseInput, "scheme" | "absentQuery"> = {},
): string {
  return buildSignatureBase({
    scheme,
    absentQuery,
    method: request.method,
    authority,
    target: request.target,
    headers: request.headers,
    components: input.components,
    signatureParams: input.raw,
  });
}

/** Values of the `alg` parameter (RFC 9421 section 6.2.2). */
export const ALG_NAMES: Readonly<Record<KeyAlgorithm, string>> = {
  Ed25519: "ed25519",
  ES256: "ecdsa-p256-sha256",
};

/** Whether `alg` is absent or matches the algorithm of the key (RFC 9421 section 3.2). */
export function allowsAlgorithm({ params }: SignatureInput, alg: KeyAlgorithm): boolean {
  return !params.has("alg") || params.get("alg") === ALG_NAMES[alg];
}

/**
 * Whether `key` made `signature` over `message`, the bytes of the signature base.
 *
 * Does NOT check coverage, time, replay, the body, or whose key it is.
 */
export function signatureHolds(
  message: Uint8Array,
  signature: Uint8Array,
  key: VerificationKey,
): Awaitable<boolean> {
  return key.verify(message, signature);
}

/** @param address method and address for which it was verified */
export const invalidSignature = (address: string): AAuthVerificationError =>
  new AAuthVerificationError(
    "invalid_signature",
    `the signature does not verify for ${address}: another address, message or key was signed`,
  );
