import { OtlpError } from "./otlp-error.ts";

/**
 * Limit on the values of one request, counting members and elements of any kind. Decoding each
 * takes microseconds and hundreds of bytes, however small it is. A span with 60 attributes has
 * about 250.
 */
const MAX_VALUES = 200_000;

/** Limit on the nesting of one request. JSON of plain attributes has about a dozen levels. */
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
