/**
 * Options that could never work are refused where they are given: numbers, switches, lists, functions and keys. What is not given is not looked at.
 *
 * @module
 */

/** The longest a timer of the platform waits, ms: with more it fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** @throws RangeError unless the option `name` is a time a timer can wait; `Infinity` disables it. */
export function requireTimeout(name: string, value: number | undefined): void {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return;
  if (isNumber(value) && value > 0 && value <= MAX_TIMER_MS) return;
  throw new RangeError(
    `${name} must be a positive number of milliseconds up to ${MAX_TIMER_MS}, or Infinity`,
  );
}

/** @throws RangeError unless the option `name` is a time that `AbortSignal.timeout` takes. */
export function requireDeadline(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isInteger(value) && value > 0 && value <= MAX_TIMER_MS)) return;
  throw new RangeError(`${name} must be a positive whole number of milliseconds up to ${MAX_TIMER_MS}`);
}

/** @throws RangeError unless the option `name` is a number of bytes; `Infinity` is no bound. */
export function requireBytes(name: string, value: number | undefined): void {
  if (value === undefined || (isNumber(value) && value >= 0)) return;
  throw new RangeError(`${name} must be a number of bytes, not negative, or Infinity`);
}

/** @throws RangeError unless the option `name` is a time in seconds that ends, `most` at the latest. */
export function requireSeconds(name: string, value: number | undefined, most?: number): void {
  if (value === undefined || (Number.isFinite(value) && value >= 0 && value <= (most ?? value))) return;
  const range = most === undefined ? "finite and not negative" : `0 to ${most}`;
  throw new RangeError(`${name} must be a number of seconds, ${range}`);
}

/** A numeric string compares like a number, but concatenates where it is added. */
function isNumber(value: unknown): value is number {
  return typeof value === "number" && !Number.isNaN(value);
}

/** A text has `includes`, too, which is true for each part of it. */
export function requireArray(name: string, value: readonly unknown[]): void {
  if (!Array.isArray(value)) throw new TypeError(`${name} must be an array`);
}

/** @throws TypeError unless the option `name` is true or false: a text is true, "false" included. */
export function requireBoolean(name: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new TypeError(`${name} must be true or false`);
}

/** @throws TypeError unless the option `name` is a text. */
export function requireText(name: string, value: unknown): void {
  if (value === undefined || typeof value === "string") return;
  throw new TypeError(`${name} must be a text`);
}

/** @throws TypeError unless the option `name` is a function. */
export function requireFunction(name: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  throw new TypeError(`${name} must be a function`);
}

/** @throws TypeError unless the option `name` is an object with these methods. */
export function requireMethods(name: string, value: object | undefined, methods: readonly string[]): void {
  if (value === undefined) return;
  const members = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (methods.every((method) => typeof members[method] === "function")) return;
  throw new TypeError(`${name} must be an object with the methods ${methods.join(", ")}`);
}

/** @throws TypeError unless the option `name` is one of these words. */
export function requireOneOf(name: string, value: string | undefined, words: readonly string[]): void {
  if (value === undefined || words.includes(value)) return;
  throw new TypeError(`${name} must be ${words.join(" or ")}`);
}

/** True for a key that is still on its way. */
export function isPromise(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
