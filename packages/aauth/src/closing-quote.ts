/**
 * Where a quoted string ends: JSON and structured fields have the same quote and the same escape.
 * What is in a string, a token for example, is skipped at once.
 *
 * @module
 */

const BACKSLASH = 0x5c;

/**
 * The place of the quote that ends the string begun at `open`; the text's length when none does.
 * Linear.
 */
export function closingQuote(text: string, open: number): number {
  let quote = text.indexOf('"', open + 1);
  while (quote >= 0 && isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote < 0 ? text.length : quote;
}

/** Whether an odd number of backslashes stands before `place`. */
function isEscaped(text: string, place: number): boolean {
  let first = place;
  while (text.charCodeAt(first - 1) === BACKSLASH) first--;
  return (place - first) % 2 === 1;
}
