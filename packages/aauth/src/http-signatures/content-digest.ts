import { platformCrypto } from "#crypto";
import { decodeBase64 } from "../base64.ts";
import type { DigestAlgorithm } from "../crypto/interface.ts";
import { AAuthVerificationError } from "../errors.ts";
import { requireBoundedHeader, trimField } from "./field.ts";
import { parseParameters, splitTopLevel } from "./structured-fields.ts";

/** Length of each supported digest. Other algorithms may be present and are ignored. */
const DIGEST_BYTES: Readonly<Record<DigestAlgorithm, number>> = { "sha-256": 32, "sha-512": 64 };
const CODE = "malformed_digest";

/**
 * `Content-Digest` of a body: `sha-256=:<base64>:` (RFC 9530 section 2).
 *
 * @param body the bytes as they go on the wire
 *
 * @example
 * headers["content-digest"] = await formatContentDigest(body);
 */
export async function formatContentDigest(body: Uint8Array): Promise<string> {
  return `sha-256=:${await platformCrypto.digest("sha-256", body, "base64")}:`;
}

/**
 * Compares `Content-Digest` with the bytes received. Every supported digest in it must match.
 *
 * @param value the header
 * @param body the bytes as received; empty when there is no body
 * @throws {AAuthError} `malformed_digest`: invalid syntax, a repeated algorithm, or no supported
 *   algorithm; `digest_mismatch`; `header_too_large`
 *
 * Does NOT check that the signature covers the header: the verifier does.
 *
 * @example
 * await verifyContentDigest(request.headers["content-digest"], bytes);
 */
export async function verifyContentDigest(value: string, body: Uint8Array): Promise<void> {
  requireBoundedHeader("Content-Digest", value);
  const text = trimField(value);
  // Fast path for the form that every peer sends; anything else is parsed.
  if (text === `sha-256=:${await platformCrypto.digest("sha-256", body, "base64")}:`) return;
  for (const [algorithm, expected] of parseDigests(text)) {
    // hole P4, G6
    if (expected !== (await platformCrypto.digest(algorithm, body, "base64"))) {
      throw new AAuthVerificationError(
        "digest_mismatch",
        `Content-Digest ${algorithm} differs from the body received`,
      );
    }
  }
}

/** The supported digests of the header, in canonical base64. */
function parseDigests(text: string): [DigestAlgorithm, string][] {
  const seen = new Set<string>();
  const digests: [DigestAlgorithm, string][] = [];
  for (const member of splitTopLevel(text, ",")) {
    const match = /^([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):(;.*)?$/s.exec(trimField(member));
    if (!match)
      throw new AAuthVerificationError(CODE, "Content-Digest is not a dictionary of byte sequences");
    const [algorithm, digest, parameters] = [match[1]!, match[2]!, match[3]];
    if (parameters !== undefined) parseParameters(splitTopLevel(parameters.slice(1), ";"), CODE);
    if (seen.has(algorithm))
      throw new AAuthVerificationError(CODE, "Content-Digest names an algorithm twice");
    seen.add(algorithm);
    if (algorithm !== "sha-256" && algorithm !== "sha-512") continue;
    if (decodeBase64(digest)?.length !== DIGEST_BYTES[algorithm]) {
      throw new AAuthVerificationError(
        CODE,
        `Content-Digest ${algorithm} is not ${DIGEST_BYTES[algorithm]} bytes in base64`,
      );
    }
    digests.push([algorithm, digest]);
  }
  if (digests.length === 0)
    throw new AAuthVerificationError(CODE, "Content-Digest names no supported algorithm");
  return digests;
}
