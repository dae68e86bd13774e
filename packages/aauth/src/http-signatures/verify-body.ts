import { AAuthError } from "../errors.ts";
import { PROFILE } from "../profile.ts";
import { type CoverageOptions, requireCoverage } from "../profiles/february-2026/coverage.ts";
import type { HeaderFields } from "../types.ts";
import { verifyContentDigest } from "./content-digest.ts";
import { fieldValue } from "./field.ts";

const NO_BODY = new Uint8Array(0);

/**
 * Binds the body to the signature: it has to be covered, and `Content-Digest` has to match the bytes received. A
 * digest without a body is compared with no bytes, so a removed body does not pass either.
 *
 * @param body the bytes as received; undefined or empty when there is none
 * @param components those the verified signature covers
 * @throws {AAuthError} `insufficient_coverage`, `digest_missing`, `malformed_digest`, `digest_mismatch`,
 *   `header_too_large`
 *
 * Does NOT verify the signature: the digest proves nothing unless the signature that covers it does.
 */
export async function verifyBody(
  message: {
    readonly headers: HeaderFields;
    readonly components: readonly string[];
    readonly body: Uint8Array | undefined;
  },
  options: CoverageOptions = {},
): Promise<void> {
  const body = message.body ?? NO_BODY;
  const digest = fieldValue(message.headers, PROFILE.headers.contentDigest);
  if (body.length > 0 && options.bodyCoverage !== "optional") {
    if (digest === undefined) throw new AAuthError("digest_missing", "the body has no Content-Digest");
    // Headers may have announced no body; only now is it known that there is one.
    requireCoverage(message.components, { hasQuery: false, hasBody: true, hasNonce: false });
  }
  if (digest !== undefined) await verifyContentDigest(digest, body);
}
