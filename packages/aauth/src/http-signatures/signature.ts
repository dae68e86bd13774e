import { decodeAnyBase64, decodeBase64, encodeBase64, encodeBase64Url } from "../base64.ts";
import { AAuthVerificationError } from "../errors.ts";
import { LABEL_PATTERN, requireBoundedHeader, trimField } from "./field.ts";

/** Parsed `Signature`. */
export interface SignatureValue {
  /** As in `Signature-Input`. */
  readonly label: string;
  /** 64 bytes. */
  readonly bytes: Uint8Array;
}

/**
 * Encoding of the bytes between the colons: `base64url` without padding, or `sf-binary`, the padded
 * base64 of RFC 8941.
 */
export type SignatureEncoding = "base64url" | "sf-binary";

const MEMBER = new RegExp(`^(${LABEL_PATTERN})=:([A-Za-z0-9+/_=-]*):$`);

/**
 * Parses `Signature` with exactly one member. Peers disagree on base64, so both alphabets are
 * accepted, padded or not (profile 2.3), but each value only in its canonical encoding.
 *
 * @throws {AAuthError} `malformed_signature`: invalid syntax, a second member, mixed alphabets,
 *   stray bits, or not 64 bytes; `header_too_large`
 *
 * Does NOT verify anything.
 *
 * @example
 * const { label, bytes } = parseSignature(headers.signature);
 */
export function parseSignature(value: string): SignatureValue {
  return parseMember(value, decodeAnyBase64, "base64");
}

/** Parses `Signature` like {@link parseSignature}, but accepts `sf-binary` only. */
export function parseStandardSignature(value: string): SignatureValue {
  return parseMember(value, decodeBase64, "base64 with padding (RFC 9651), which base64url is not");
}

function parseMember(value: string, decode: typeof decodeBase64, form: string): SignatureValue {
  requireBoundedHeader("Signature", value);
  const member = MEMBER.exec(trimField(value));
  if (!member) throw new AAuthVerificationError("malformed_signature", "Signature is not label=:base64:");
  const bytes = decode(member[2]!);
  if (bytes?.length !== 64)
    throw new AAuthVerificationError("malformed_signature", `Signature is not 64 bytes in ${form}`);
  return { label: member[1]!, bytes };
}

/**
 * Writes `Signature`.
 *
 * @param encoding default `base64url`, the only form that all deployed verifiers accept
 *
 * @example
 * formatSignature("sig1", await key.sign(base));
 */
export function formatSignature(
  label: string,
  signature: Uint8Array,
  encoding: SignatureEncoding = "base64url",
): string {
  return `${label}=:${encoding === "base64url" ? encodeBase64Url(signature) : encodeBase64(signature)}:`;
}
