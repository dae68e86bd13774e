/**
 * JSON of an unknown party, read strictly.
 *
 * @module
 */

import { closingQuote } from "../closing-quote.ts";

/**
 * More than any token needs (`act` may nest 20 deep), and little enough for code that walks values.
 */
const MAX_DEPTH = 64;

const OPENING = new Set([0x7b, 0x5b]);
const CLOSING = new Set([0x7d, 0x5d]);
const COLON = 0x3a;

/**
 * The object a text holds, and undefined when it holds anything else: another value, a name that
 * stands twice in one object (RFC 7515 section 4: one reader would take the first value, the next
 * one the last), or more than 64 levels.
 */
export function parseJsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // the parser's message quotes the text
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return countNames(text) === countMembers(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
}

/**
 * Names of all objects in a text that is known to be JSON: a colon outside of strings follows each.
 * NaN when it is too deep.
 */
function countNames(json: string): number {
  let names = 0;
  let depth = 0;
  let from = 0;
  while (from < json.length) {
    const quote = json.indexOf('"', from);
    const end = quote < 0 ? json.length : quote;
    for (let index = from; index < end; index++) {
      const code = json.charCodeAt(index);
      if (code === COLON) names++;
      else if (OPENING.has(code) && ++depth > MAX_DEPTH) return Number.NaN;
      else if (CLOSING.has(code)) depth--;
    }
    from = quote < 0 ? end : closingQuote(json, quote) + 1;
  }
  return names;
}

function countMembers(value: object): number {
  const members = Object.values(value);
  let count = Array.isArray(value) ? 0 : members.length;
  for (const member of members) {
    if (typeof member === "object" && member !== null) count += countMembers(member);
  }
  return count;
}
