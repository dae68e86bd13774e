/**
 * Members of the JSON that servers answer agents with.
 *
 * @module
 */

const MAX_CHARACTERS = 500;

/** A string that is not empty; undefined for anything else. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** A lifetime in seconds; undefined for anything else. */
export const lifetimeOf = (value: unknown): number | undefined =>
  typeof value === "number" && value > 0 ? value : undefined;

/** Another party's words, fit for one line of a log. */
export const oneLine = (text: string): string =>
  text.slice(0, MAX_CHARACTERS).replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
