/**
 * Finds the end of a quoted string, with the quote and escape that JSON and structured fields
 * share.
 *
 * @module
 */

const BACKSLASH = 0x5c;

/**
 * Index of the quote that ends the string begun at `open`, or the length of `text` if there is
 * none. Linear.
 */
export function endOfQuotedString(text: string, open: number): number {
  let quote = text.indexOf('"', open + 1);
  while (quote >= 0 && isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote < 0 ? text.length : quote;
}

/** Whether an odd number of backslashes precedes `place`. */
function isEscaped(text: string, place: number): boolean {
  let first = place;
  while (text.charCodeAt(first - 1) === BACKSLASH) first--;
  return (place - first) % 2 === 1;
}
