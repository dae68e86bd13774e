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

/** @throws TypeError unless the option `name` is a signing key or a key ring */
export function requireSigningKey(name: string, value: unknown): void {
  const found = (typeof value === "object" && value !== null ? value : {}) as Readonly<
    Record<string, unknown>
  >;
  const { sign, current, usable, then } = found;
  if (typeof sign === "function" || (typeof current === "function" && typeof usable === "function")) return;
  if (value === undefined || value === null) {
    throw new TypeError(
      `${name} is missing: pass a SigningKey, as of generateSigningKey or importSigningKey`,
    );
  }
  if (typeof then === "function") throw new TypeError(`${name} is a Promise: await it`);
  const isKey = "kty" in found || "publicJwk" in found;
  throw new TypeError(
    isKey
      ? `${name} cannot sign: pass a SigningKey, as importSigningKey makes of a private JWK`
      : `${name} must be a SigningKey or a KeyRing`,
  );
}
