/**
 * Shapes of JSON values from untrusted parties.
 *
 * @module
 */

/** True for a value of this shape. */
export type Shape = (value: unknown) => boolean;

/** A non-empty string. */
export const isNonEmptyString = (value: unknown): value is string =>
  typeof value === "string" && value !== "";

export const isStringList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every(isNonEmptyString);

/** An object whose members are all non-empty strings. */
export const isStringRecord: Shape = (value) =>
  isObject(value) && Object.values(value).every(isNonEmptyString);

/** A JSON object: neither null nor an array. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isBoolean: Shape = (value) => typeof value === "boolean";

/** A positive whole number. */
export const isSeconds: Shape = (value) => Number.isSafeInteger(value) && (value as number) > 0;

/** An absolute http or https URL. */
export const isUrl = (value: unknown): value is string =>
  isNonEmptyString(value) && URL.canParse(value) && /^https?:/i.test(value);

export const isHttpsUrl = (value: unknown): value is string =>
  isNonEmptyString(value) && URL.parse(value)?.protocol === "https:";
