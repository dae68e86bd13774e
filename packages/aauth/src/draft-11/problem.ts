import type { Answer } from "../profile/resource-rules.ts";
import { AAUTH_REQUIREMENT } from "./names.ts";

/**
 * An error of an endpoint as a problem document (draft -11, section 11.9.2).
 *
 * @param error what a peer branches on
 * @param detail for people
 */
export const problemAnswer = (
  status: number,
  error: string,
  detail?: string,
  headers?: Readonly<Record<string, string>>,
): Answer => jsonAnswer(status, { error, ...(detail !== undefined && { detail }) }, headers);

const POLLING_ERRORS = {
  denied: 403,
  abandoned: 403,
  revoked: 403,
  expired: 408,
  invalid_code: 410,
  server_error: 500,
} as const;

/** How a deferred request ends without an answer (section 11.9.4). */
export type PollingError = keyof typeof POLLING_ERRORS;

/** The answer to the poll of such a request. */
export const pollingError = (error: PollingError, detail?: string): Answer =>
  problemAnswer(POLLING_ERRORS[error], error, detail);

/** A JSON answer that no cache keeps; from status 400 on, a problem document. */
export function jsonAnswer(
  status: number,
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const type = status < 400 ? "application/json" : "application/problem+json";
  return {
    status,
    headers: { ...headers, "content-type": type, "cache-control": "no-store" },
    body: JSON.stringify(body),
  };
}

/**
 * The 202 of a request that is answered later (section 11.8).
 *
 * @param options.requirement value of `AAuth-Requirement`; undefined where nothing is required
 */
export function pendingAnswer(
  body: Readonly<Record<string, unknown>>,
  options: {
    /** Where it is polled. */
    readonly location: string;
    readonly retryAfterSeconds: number;
    readonly requirement: string | undefined;
  },
): Answer {
  const { location, retryAfterSeconds, requirement } = options;
  return jsonAnswer(202, body, {
    location,
    "retry-after": String(retryAfterSeconds),
    ...(requirement !== undefined && { [AAUTH_REQUIREMENT]: requirement }),
  });
}

/** An answer without body, and so without `Content-Type`. */
export const emptyAnswer = (status: number): Answer => ({
  status,
  headers: { "cache-control": "no-store" },
  body: "",
});
