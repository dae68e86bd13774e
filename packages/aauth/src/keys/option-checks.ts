/**
 * Checks of options that could silently weaken security in a program without type checking.
 * Undefined options are not checked.
 *
 * @module
 */

/**
 * @throws RangeError unless the option `name` is a number of seconds, at most `most`; a string
 *   would be concatenated instead of added
 */
export function requireSeconds(name: string, value: number | undefined, most: number): void {
  if (value === undefined || (Number.isFinite(value) && value >= 0 && value <= most)) return;
  throw new RangeError(`${name} must be a number of seconds, 0 to ${most}`);
}

/** A string has `includes`, too, which accepts any substring. @throws TypeError */
export function requireArray(name: string, value: readonly unknown[]): void {
  if (!Array.isArray(value)) throw new TypeError(`${name} must be an array`);
}

/** @throws TypeError unless the option `name` is a boolean: the string "false" would be truthy */
export function requireBoolean(name: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new TypeError(`${name} must be true or false`);
}

/** @throws TypeError unless the option `name` is a string */
export function requireString(name: string, value: unknown): void {
  if (value === undefined || typeof value === "string") return;
  throw new TypeError(`${name} must be a string`);
}
