import type { AAuthErrorCode } from "aauth";
import { parseRefusal, REFUSAL_FIELD, type Refusal } from "aauth/resource";
import { expect } from "vitest";

type Headers = Readonly<Record<string, unknown>>;

/**
 * Contents of the header field of a refusal; undefined without one. Throws if it cannot be parsed.
 */
export function refusalIn(headers: Headers): Refusal | undefined {
  const value = headers[REFUSAL_FIELD];
  if (value === undefined) return undefined;
  const refusal = parseRefusal(String(value));
  if (refusal === undefined) throw new Error(`cannot be read: ${REFUSAL_FIELD}: ${value}`);
  return refusal;
}

export const refusalCode = (headers: Headers): AAuthErrorCode | undefined => refusalIn(headers)?.code;

/**
 * A code, perhaps with the start of the description; the start alone where no code is behind the
 * refusal.
 */
export type Reason = string | { readonly code: AAuthErrorCode; readonly description?: string };

/** Asserts why an auth server refuses. */
export function expectReason(
  { headers, body }: { readonly headers: Headers; readonly body: Headers },
  reason: Reason,
): void {
  const { code, description = "" } =
    typeof reason === "string" ? { code: undefined, description: reason } : reason;
  const start = String(body.error_description).slice(0, description.length);
  expect({ code: refusalCode(headers), description: start }).toEqual({ code, description });
}
