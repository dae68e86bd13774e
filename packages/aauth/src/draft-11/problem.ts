import type { Answer } from "../profile/resource-rules.ts";
import { AAUTH_REQUIREMENT } from "./names.ts";

/**
 * An endpoint's error as a problem document (draft -11, section 11.9.2).
 *
 * @param error code for programs
 * @param detail explanation for people
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

/** Errors that end a deferred request (section 11.9.4). */
export type PollingError = keyof typeof POLLING_ERRORS;

/** The response to the poll of such a request. */
export const pollingError = (error: PollingError, detail?: string): Answer =>
  problemAnswer(POLLING_ERRORS[error], error, detail);

/** An uncacheable JSON response; a problem document from status 400. */
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
 * The 202 of a deferred request (section 11.8).
 *
 * @param options.requirement value of `AAuth-Requirement`; undefined if nothing is required
 */
export function pendingAnswer(
  body: Readonly<Record<string, unknown>>,
  options: {
    /** Address to poll. */
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

/** A response without body and `Content-Type`. */
export const emptyAnswer = (status: number): Answer => ({
  status,
  headers: { "cache-control": "no-store" },
  body: "",
});
