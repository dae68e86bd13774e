import type { Awaitable } from "../crypto/interface.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { HeaderFields } from "../types.ts";
import { verifyContentDigest } from "./content-digest.ts";
import { fieldValue } from "./field.ts";

const NO_BODY = new Uint8Array(0);

/**
 * Whether a request whose body has not arrived announces one, by `Content-Length` or
 * `Transfer-Encoding`. A body without either is caught by {@link verifyBody}.
 *
 * @param headers lower-case names
 */
export function announcesBody(headers: HeaderFields): boolean {
  const length = fieldValue(headers, "content-length");
  return (length !== undefined && length !== "0") || fieldValue(headers, "transfer-encoding") !== undefined;
}

/**
 * Refuses a signature that leaves something open to change. Order is free, more is welcome.
 *
 * @throws {AAuthVerificationError} `insufficient_coverage`, naming all components that are missing
 */
export function requireComponents(components: readonly string[], demanded: readonly string[]): void {
  const missing = demanded.filter((name) => !components.includes(name));
  if (missing.length === 0) return;
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
   * Components that a message with this body has to cover; where the digest is among them, it has
   * to be there.
   */
  readonly demanded: readonly string[];
}

/**
 * Binds the body to the signature: what is demanded has to be covered, and the digest has to match
 * the bytes received. A digest without a body is compared with no bytes, so a removed body does not
 * pass either.
 *
 * @param message.body the bytes as received; undefined or empty when there is none
 * @param message.components those the verified signature covers
 * @throws {AAuthVerificationError} `insufficient_coverage`, `digest_missing`, `malformed_digest`,
 * `digest_mismatch`, `header_too_large`
 *
 * Does NOT verify the signature: the digest proves nothing unless the signature that covers it
 * does.
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
  // Headers may have announced no body; only now is it known that there is one.
  requireComponents(message.components, demanded);
  return digest === undefined ? undefined : verifyContentDigest(digest, message.body ?? NO_BODY);
}
