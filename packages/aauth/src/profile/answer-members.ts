/**
 * Members of JSON responses to agents.
 *
 * @module
 */

const MAX_CHARACTERS = 500;

/** Returns a non-empty string; undefined for anything else. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** Returns a positive number of seconds; undefined for anything else. */
export const lifetimeOf = (value: unknown): number | undefined =>
  typeof value === "number" && value > 0 ? value : undefined;

/** Makes another party's text safe for one line of a log. */
export const oneLine = (text: string): string =>
  text.slice(0, MAX_CHARACTERS).replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
