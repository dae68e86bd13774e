import { OtlpError } from "./otlp-error.ts";

/**
 * Values of one request, members and elements of any kind. Decoding takes microseconds and hundreds
 * of bytes for each, however few bytes it has in the request. A span of 60 attributes has about
 * 250.
 */
const MAX_VALUES = 200_000;

/** Levels of one request. JSON of plain attributes has about a dozen. */
export const MAX_DEPTH = 64;

/** Counts the values of one request. */
export class ValueCounter {
  #count = 0;

  /** @throws OtlpError body_too_large */
  add(): void {
    if (++this.#count > MAX_VALUES)
      throw new OtlpError("body_too_large", `the body has too many values, more than ${MAX_VALUES}`);
  }
}
