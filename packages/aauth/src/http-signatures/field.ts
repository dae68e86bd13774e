import { AAuthVerificationError } from "../errors.ts";
import type { HeaderFields } from "../types.ts";

/**
 * The value of a field as it enters the signature base (RFC 9421 section 2.1): lines of one name
 * joined with a comma and a space, each without whitespace around it. Undefined when the message
 * has no such field.
 *
 * @param name lower case
 */
export function fieldValue(headers: HeaderFields, name: string): string | undefined {
  // Names come from the message: "constructor" must not find what every object inherits.
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (value === undefined) return undefined;
  return typeof value === "string" ? trimField(value) : value.map(trimField).join(", ");
}

/**
 * The text without optional whitespace (SP, HTAB) at its ends; `trim` would take more than HTTP
 * does.
 */
export function trimField(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhiteSpace(text.charCodeAt(start))) start++;
  while (end > start && isWhiteSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

const isWhiteSpace = (code: number): boolean => code === 0x20 || code === 0x09;

const MAX_HEADER_BYTES = 16_384;

/**
 * Bounds a header before anything parses it.
 *
 * @throws {AAuthError} `header_too_large` when it is longer than 16 KiB
 */
export function requireBoundedHeader(name: string, value: string): void {
  if (value.length > MAX_HEADER_BYTES) {
    throw new AAuthVerificationError("header_too_large", `${name} is longer than ${MAX_HEADER_BYTES} bytes`);
  }
}

/** A key of RFC 8941 section 3.1.2: the label of a signature. */
export const LABEL_PATTERN = "[a-z*][a-z0-9_.*-]*";
