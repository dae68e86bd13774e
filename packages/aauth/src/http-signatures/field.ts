import { AAuthVerificationError } from "../errors.ts";
import type { HeaderFields } from "../types.ts";

/**
 * The value of a field as it enters the signature base (RFC 9421 section 2.1): lines of one name
 * joined with a comma and a space, each without whitespace around it. Undefined if the message has
 * no such field.
 *
 * @param name lower case
 */
export function fieldValue(headers: HeaderFields, name: string): string | undefined {
  // Names come from the message, so `constructor` must not find an inherited property.
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (value === undefined) return undefined;
  return typeof value === "string" ? trimField(value) : value.map(trimField).join(", ");
}

/**
 * Removes optional whitespace (SP, HTAB) at both ends. `String.trim` removes more than HTTP allows.
 */
export function trimField(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhitespace(text.charCodeAt(start))) start++;
  while (end > start && isWhitespace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

const isWhitespace = (code: number): boolean => code === 0x20 || code === 0x09;

const MAX_HEADER_BYTES = 16_384;

/**
 * Refuses an oversized header before it is parsed.
 *
 * @throws {AAuthError} `header_too_large` for more than 16 KiB
 */
export function requireBoundedHeader(name: string, value: string): void {
  if (value.length > MAX_HEADER_BYTES) {
    throw new AAuthVerificationError("header_too_large", `${name} is longer than ${MAX_HEADER_BYTES} bytes`);
  }
}

/** Dictionary key (RFC 8941 section 3.1.2), such as the label of a signature. */
export const LABEL_PATTERN = "[a-z*][a-z0-9_.*-]*";
