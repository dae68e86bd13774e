/**
 * Strict parsing of JSON from untrusted parties.
 *
 * @module
 */

import { endOfQuotedString } from "../quoted-string.ts";

/** Exceeds the nesting of any token (`act` may nest 20 deep), and is safe for recursive code. */
const MAX_DEPTH = 64;

const OPENING = new Set([0x7b, 0x5b]);
const CLOSING = new Set([0x7d, 0x5d]);
const COLON = 0x3a;

/**
 * Parses a JSON object. Returns undefined for any other value, for a duplicate member name (RFC
 * 7515 section 4; parsers disagree on which value wins), and for more than 64 levels.
 */
export function parseJsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // The parser's message quotes the input.
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return countNames(text) === countMembers(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
}

/**
 * Counts the member names of all objects in valid JSON, by the colons outside strings. NaN if the
 * nesting is too deep.
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
    from = quote < 0 ? end : endOfQuotedString(json, quote) + 1;
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
