import { OtlpError } from "./otlp-error.ts";

/** An object of a request, not trusted. */
export type Members = Readonly<Record<string, unknown>>;

/** An object; empty where it is left out. @throws OtlpError invalid_request */
export function membersOf(value: unknown, what: string): Members {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw malformed(what, "an object");
  return value as Members;
}

/** A list; empty where it is left out. @throws OtlpError invalid_request */
export function listOf(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed(what, "a list");
  return value;
}

/** A string; empty where it is left out. @throws OtlpError invalid_request */
export function textOf(value: unknown, what: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw malformed(what, "a string");
  return value;
}

/**
 * An integer of 64 bits is a decimal string in OTLP/JSON; a number counts, too.
 *
 * @throws OtlpError invalid_request
 */
export function integerOf(value: unknown, what: string): bigint {
  const text = typeof value === "number" ? String(value) : textOf(value ?? "0", what);
  if (!/^-?\d{1,20}$/.test(text)) throw malformed(what, "an integer");
  return BigInt(text);
}

/** Names the member and repeats no value. */
export function malformed(what: string, expected: string): OtlpError {
  return new OtlpError("invalid_request", `${what} is not ${expected}`);
}
