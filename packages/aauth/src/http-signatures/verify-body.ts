import type { Awaitable } from "../crypto/interface.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { HeaderFields } from "../types.ts";
import { verifyContentDigest } from "./content-digest.ts";
import { fieldValue } from "./field.ts";

const NO_BODY = new Uint8Array(0);

/**
 * Whether the headers announce a body, by `Content-Length` or `Transfer-Encoding`.
 * {@link verifyBody} catches a body without either.
 *
 * @param headers lower-case names
 */
export function announcesBody(headers: HeaderFields): boolean {
  const length = fieldValue(headers, "content-length");
  return (length !== undefined && length !== "0") || fieldValue(headers, "transfer-encoding") !== undefined;
}

/**
 * Refuses a signature that does not cover every demanded component. Order and additional components
 * do not matter.
 *
 * @throws {AAuthVerificationError} `insufficient_coverage`, naming all components that are missing
 */
export function requireComponents(components: readonly string[], demanded: readonly string[]): void {
  const missing = demanded.filter((name) => !components.includes(name));
  if (missing.length === 0) return;
  // hole P2, P3, G5
  throw new AAuthVerificationError(
    "insufficient_coverage",
    `the signature does not cover ${missing.join(", ")}`,
    { claim: missing.join(" "), expected: demanded.join(" ") },
  );
}

export interface BodyRules {
  /** Name of the field with the digest. */
  readonly field: string;
  /**
   * Components that a message with this body must cover. If the digest field is among them, it must
   * be present.
   */
  readonly demanded: readonly string[];
}

/**
 * Binds the body to the signature: the demanded components must be covered, and the digest must
 * match the received bytes. Without a body, the digest is compared with the empty body, so that
 * removing a body is detected.
 *
 * @param message.body the bytes as received; undefined or empty when there is none
 * @param message.components those the verified signature covers
 * @throws {AAuthVerificationError} `insufficient_coverage`, `digest_missing`, `malformed_digest`,
 * `digest_mismatch`, `header_too_large`
 *
 * Does NOT verify the signature that covers the digest.
 */
export function verifyBody(
  message: {
    readonly headers: HeaderFields;
    readonly components: readonly string[];
    readonly body: Uint8Array | undefined;
  },
  { field, demanded }: BodyRules,
): Awaitable<void> {
  const digest = fieldValue(message.headers, field);
  if (digest === undefined && demanded.includes(field)) {
    throw new AAuthVerificationError("digest_missing", "the body has no Content-Digest", { expected: field });
  }
  // The headers may not have announced the body, so coverage is checked again.
  requireComponents(message.components, demanded);
  // hole J5: undefined
  return digest === undefined ? undefined : verifyContentDigest(digest, message.body ?? NO_BODY);
}
