import type { Answer } from "../wire-profile.ts";

/**
 * An error of an endpoint as a problem document (draft -11, section 11.9.2).
 *
 * @param error what a peer branches on
 * @param detail for people
 */
export function problemAnswer(
  status: number,
  error: string,
  detail?: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: { ...headers, "content-type": "application/problem+json", "cache-control": "no-store" },
    body: JSON.stringify({ error, ...(detail !== undefined && { detail }) }),
  };
}

/** A JSON answer that no cache keeps. */
export function jsonAnswer(
  status: number,
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: { ...headers, "content-type": "application/json", "cache-control": "no-store" },
    body: JSON.stringify(body),
  };
}

/** An answer without body, and so without `Content-Type`. */
export const emptyAnswer = (status: number): Answer => ({
  status,
  headers: { "cache-control": "no-store" },
  body: "",
});
