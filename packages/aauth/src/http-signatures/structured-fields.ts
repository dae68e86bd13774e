/**
 * The only door to `structured-headers`. The library accepts what we must not: duplicate keys and
 * parameters (the last one wins), dates and display strings. So strings are cut at their top-level
 * delimiters here, every piece is parsed by the library on its own, and duplicates are refused.
 *
 * @module
 */

import { type BareItem, DisplayString, isInnerList, parseItem, parseList, Token } from "structured-headers";
import { closingQuote } from "../closing-quote.ts";
import { type AAuthErrorCode, AAuthVerificationError } from "../errors.ts";
import { trimField } from "./field.ts";

/**
 * What a parameter or item may be in the headers of this profile. Tokens come as text, like
 * strings.
 */
export type FieldItem = string | number | boolean;

/** Bytes of a byte sequence are kept apart from text. */
export type FieldValue = FieldItem | Uint8Array;

/**
 * One parameter: its value and the text it was written as (a decimal `1.0` is not the integer `1`).
 */
export interface Parameter {
  readonly value: FieldValue;
  readonly text: string;
}

/**
 * Cuts `text` at each `delimiter` that is neither inside a quoted string nor inside parentheses.
 * Linear. Strings and parentheses that do not end stay in one piece, which then does not parse.
 */
export function splitTopLevel(text: string, delimiter: ";" | ","): string[] {
  const pieces: string[] = [];
  let start = 0;
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (char === '"') index = closingQuote(text, index);
    else if (char === "(") depth++;
    else if (char === ")") depth--;
    else if (char === delimiter && depth === 0) {
      pieces.push(text.slice(start, index));
      start = index + 1;
    }
  }
  pieces.push(text.slice(start));
  return pieces;
}

/**
 * Parses the pieces that follow an item: `key` or `key=value` each.
 *
 * @throws {AAuthError} `code` on a malformed piece or a key that appears twice
 */
export function parseParameters(pieces: readonly string[], code: AAuthErrorCode): Map<string, Parameter> {
  const parameters = new Map<string, Parameter>();
  for (const piece of pieces) {
    // RFC 8941 section 3.1.2 allows spaces after the semicolon, and nowhere else.
    const text = piece.replace(/^ +/, "");
    const match = /^([a-z*][a-z0-9_.*-]*)(?:=(.*))?$/s.exec(text);
    const key = match?.[1];
    if (key === undefined) throw new AAuthVerificationError(code, "a parameter has no valid name");
    if (parameters.has(key)) throw new AAuthVerificationError(code, "a parameter appears twice");
    const valueText = match?.[2];
    const value = valueText === undefined ? true : parseBareItem(valueText, code);
    parameters.set(key, { value, text: valueText ?? "?1" });
  }
  return parameters;
}

/**
 * A parameter that is a string and not empty. A token would parse as text too; only the quoted form
 * is accepted.
 *
 * @throws {AAuthError} `code` for another type
 */
export function stringParameter(
  parameters: ReadonlyMap<string, Parameter>,
  name: string,
  code: AAuthErrorCode,
): string | undefined {
  const parameter = parameters.get(name);
  if (parameter === undefined) return undefined;
  const { value, text } = parameter;
  if (typeof value === "string" && value !== "" && text.startsWith('"')) return value;
  throw new AAuthVerificationError(code, `${name} is not a non-empty string`);
}

/**
 * One member of a dictionary, its value not yet read: `parseBareItem` or `parseStringList` does.
 */
export interface DictionaryMember {
  /** The value as it was written, without parameters. */
  readonly text: string;
  readonly parameters: ReadonlyMap<string, Parameter>;
}

/**
 * Parses a dictionary of RFC 9651.
 *
 * @throws {AAuthError} `code` where it is not one, and for a key or a parameter that appears twice
 */
export function parseDictionary(text: string, code: AAuthErrorCode): Map<string, DictionaryMember> {
  const members = new Map<string, DictionaryMember>();
  if (text === "") return members;
  for (const piece of splitTopLevel(text, ",")) {
    const [head = "", ...rest] = splitTopLevel(trimField(piece), ";");
    const match = /^([a-z*][a-z0-9_.*-]*)(?:=(.*))?$/s.exec(head);
    const key = match?.[1];
    if (key === undefined) throw new AAuthVerificationError(code, "a member has no valid name");
    if (members.has(key)) throw new AAuthVerificationError(code, "a member appears twice");
    const value = match?.[2] ?? "?1";
    if (value.startsWith("(")) guard(() => parseList(value), code);
    else parseBareItem(value, code);
    members.set(key, { text: value, parameters: parseParameters(rest, code) });
  }
  return members;
}

/** A token (RFC 9651 section 3.3.4). */
export const TOKEN = /^[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*$/;

/**
 * A string without an escape (RFC 8941 section 3.3.3): a token, an address. The library reads it
 * character by character.
 */
const PLAIN_STRING = /^"[\x20\x21\x23-\x5b\x5d-\x7e]*"$/;

/** Parses a bare item: no parameters, no whitespace around it. */
export function parseBareItem(text: string, code: AAuthErrorCode): FieldValue {
  if (PLAIN_STRING.test(text)) return text.slice(1, -1);
  if (text.startsWith(" ") || text.endsWith(" ")) throw new AAuthVerificationError(code, "stray whitespace");
  const [item, parameters] = guard(() => parseItem(text), code);
  if (parameters.size > 0) throw new AAuthVerificationError(code, "a parameter where none may be");
  return plainValue(item, code);
}

/**
 * Such strings in parentheses, one space between them: what every deployed signer writes. No nested
 * repetition.
 */
const PLAIN_LIST = /^\("[\x20\x21\x23-\x5b\x5d-\x7e]*"(?: "[\x20\x21\x23-\x5b\x5d-\x7e]*")*\)$/;

/**
 * Parses `("a" "b")` to its strings; parameters on the list or its items are refused, but for those
 * that `withParameters` reads.
 */
export function parseStringList(
  text: string,
  code: AAuthErrorCode,
  withParameters?: (item: string, parameters: ReadonlyMap<string, unknown>) => string | undefined,
): string[] {
  // No string has a quote inside, so that each `" "` is a border.
  if (PLAIN_LIST.test(text)) return text.slice(2, -2).split('" "');
  // The library would skip whitespace at the ends, where none may be.
  if (!text.startsWith("(") || !text.endsWith(")"))
    throw new AAuthVerificationError(code, "not one list in parentheses");
  const list = guard(() => parseList(text), code);
  const member = list[0];
  if (list.length !== 1 || !member || !isInnerList(member)) {
    throw new AAuthVerificationError(code, "not one list in parentheses");
  }
  return member[0].map(([item, parameters]) => {
    if (typeof item !== "string") throw new AAuthVerificationError(code, "a list item is not a string");
    const read = parameters.size === 0 ? item : withParameters?.(item, parameters);
    if (read === undefined)
      throw new AAuthVerificationError(code, "a parameter on a list item is not supported");
    return read;
  });
}

function plainValue(item: BareItem, code: AAuthErrorCode): FieldValue {
  if (typeof item === "string" || typeof item === "number" || typeof item === "boolean") return item;
  if (item instanceof Token) return item.toString();
  if (item instanceof ArrayBuffer) return new Uint8Array(item);
  const kind = item instanceof DisplayString ? "display string" : "date";
  throw new AAuthVerificationError(code, `a ${kind} where none may be`);
}

/** A text as a quoted string; refused when it holds what RFC 8941 section 3.3.3 does not allow. */
export function formatString(text: string, code: AAuthErrorCode): string {
  if (!/^[\x20-\x7e]*$/.test(text)) throw new AAuthVerificationError(code, "a value is not printable ASCII");
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** Strings in parentheses, as {@link formatString} writes each. */
export const formatStringList = (texts: readonly string[], code: AAuthErrorCode): string =>
  `(${texts.map((text) => formatString(text, code)).join(" ")})`;

function guard<T>(parse: () => T, code: AAuthErrorCode): T {
  try {
    return parse();
  } catch (cause) {
    throw new AAuthVerificationError(code, "not a structured field", { cause });
  }
}
