/**
 * The `Nonce` field (profile 2.7).
 *
 * @module
 */

import { decodeBase64Url } from "../base64.ts";
import { AAuthVerificationError } from "../errors.ts";
import { fieldValue } from "../http-signatures/field.ts";
import { isUnsafeMethod } from "../http-signatures/replay.ts";
import type { HeaderFields } from "../types.ts";
import { FIELDS } from "./names.ts";

const MIN_BYTES = 12;
/** Bounded, because a nonce becomes part of a store key. */
const MAX_CHARACTERS = 128;

/**
 * The nonce of a request, if it has one.
 *
 * @param isRequired refuse an unsafe request without one; default false
 * @throws {AAuthError} `nonce_required`; `malformed_nonce` when it is not base64url of 12 to 96
 * bytes
 *
 * Does NOT spend the nonce, or check that the signature covers it.
 */
export function readNonce(
  request: { readonly method: string; readonly headers: HeaderFields },
  isRequired = false,
): string | undefined {
  const nonce = fieldValue(request.headers, FIELDS.nonce);
  if (nonce === undefined) {
    if (isRequired && isUnsafeMethod(request.method)) {
      throw new AAuthVerificationError("nonce_required", "an unsafe request needs a Nonce");
    }
    return undefined;
  }
  const bytes = nonce.length <= MAX_CHARACTERS ? decodeBase64Url(nonce) : undefined;
  if (!bytes || bytes.length < MIN_BYTES) {
    throw new AAuthVerificationError("malformed_nonce", `Nonce is not base64url of ${MIN_BYTES} to 96 bytes`);
  }
  return nonce;
}
