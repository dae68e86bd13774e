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
  if (!Array.isArray(value)) throw new TypeError(`${name} must be an array, not ${typeof value}`);
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

/** @throws TypeError unless the option `name` is a function */
export function requireFunction(name: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  throw new TypeError(`${name} must be a function`);
}

/** @throws TypeError unless the option `name`, if it is given, is an object of `maker` */
export function requireMade(name: string, value: unknown, member: string, maker: string): void {
  const made = value as Readonly<Record<string, unknown>> | undefined | null;
  if (made === undefined || typeof made?.[member] === "function") return;
  throw new TypeError(`${name} must be made by ${maker}()`);
}

/** The check of each option of a factory. */
export type OptionChecks<Options> = {
  readonly [Name in keyof Required<Options>]: (name: Name & string, value: Options[Name]) => void;
};

/** Accepts any value, for an option that its type and later uses check. */
export const unchecked = (): void => {};

/**
 * Checks the options of a factory.
 *
 * @throws TypeError for an option that the factory does not have: a misspelled one could weaken
 *   security without notice; and the errors of `checks`
 */
export function checkOptions<Options extends object>(options: Options, checks: OptionChecks<Options>): void {
  for (const [name, value] of Object.entries(options)) {
    // hole E10, E11
    if (value !== undefined && !Object.hasOwn(checks, name)) throw notAnOption(name, Object.keys(checks));
  }
  for (const name in checks) checks[name](name, options[name]);
}

/** Names the option of which the first half is the same, if there is one. */
function notAnOption(name: string, known: readonly string[]): TypeError {
  const half = name.slice(0, Math.ceil(name.length / 2));
  const near = known.find((own) => own.startsWith(half));
  return new TypeError(`${name} is not an option${near ? `: did you mean ${near}?` : ""}`);
}
