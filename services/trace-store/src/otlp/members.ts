import { OtlpError } from "./otlp-error.ts";

/** An untrusted object of a request. */
export type Members = Readonly<Record<string, unknown>>;

/** Returns an object, empty if absent. @throws OtlpError invalid_request */
export function membersOf(value: unknown, what: string): Members {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw malformed(what, "an object");
  return value as Members;
}

/** Returns a list, empty if absent. @throws OtlpError invalid_request */
export function listOf(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed(what, "a list");
  return value;
}

/** Returns a string, empty if absent. @throws OtlpError invalid_request */
export function textOf(value: unknown, what: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw malformed(what, "a string");
  return value;
}

/**
 * Returns a 64-bit integer, which OTLP/JSON encodes as a decimal string or a number.
 *
 * @throws OtlpError invalid_request
 */
export function integerOf(value: unknown, what: string): bigint {
  const text = typeof value === "number" ? String(value) : textOf(value ?? "0", what);
  if (!/^-?\d{1,20}$/.test(text)) throw malformed(what, "an integer");
  return BigInt(text);
}

/** Creates an error that names the member but not its value. */
export function malformed(what: string, expected: string): OtlpError {
  return new OtlpError("invalid_request", `${what} is not ${expected}`);
}
