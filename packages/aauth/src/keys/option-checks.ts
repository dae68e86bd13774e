/**
 * Options that would open something silently are refused where they are given, also where a program
 * is not type-checked. What is not given is not looked at.
 *
 * @module
 */

/**
 * @throws RangeError unless the option `name` is a time in seconds, `most` at the longest; a string
 * would be concatenated where it is added.
 */
export function requireSeconds(name: string, value: number | undefined, most: number): void {
  if (value === undefined || (Number.isFinite(value) && value >= 0 && value <= most)) return;
  throw new RangeError(`${name} must be a number of seconds, 0 to ${most}`);
}

/** A text has `includes`, too, which is true for each part of it. */
export function requireArray(name: string, value: readonly unknown[]): void {
  if (!Array.isArray(value)) throw new TypeError(`${name} must be an array`);
}

/**
 * @throws TypeError unless the option `name` is true or false: a text is true, "false" included.
 */
export function requireBoolean(name: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new TypeError(`${name} must be true or false`);
}

/** @throws TypeError unless the option `name` is a text. */
export function requireText(name: string, value: unknown): void {
  if (value === undefined || typeof value === "string") return;
  throw new TypeError(`${name} must be a text`);
}
