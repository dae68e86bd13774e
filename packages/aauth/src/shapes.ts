/**
 * Shapes of JSON values of unknown parties.
 *
 * @module
 */

/** True for a value of this shape. */
export type Shape = (value: unknown) => boolean;

/** A string that is not empty. */
export const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

export const isTextList = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);

/** An object whose members are all strings that are not empty. */
export const isTextRecord: Shape = (value) => isObject(value) && Object.values(value).every(isText);

/** A JSON object: neither null nor an array. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isBoolean: Shape = (value) => typeof value === "boolean";

/** A positive whole number. */
export const isSeconds: Shape = (value) => Number.isSafeInteger(value) && (value as number) > 0;

/** An absolute http or https URL. */
export const isUrl = (value: unknown): value is string =>
  isText(value) && URL.canParse(value) && /^https?:/i.test(value);

export const isHttpsUrl = (value: unknown): value is string =>
  isText(value) && URL.parse(value)?.protocol === "https:";
