/**
 * The only importer of `structured-headers`. That library accepts duplicate keys and parameters
 * (the last one wins), dates and display strings, all of which must be refused. This module
 * therefore splits fields at top-level delimiters, lets the library parse each piece, and refuses
 * duplicates.
 *
 * @module
 */

import { type BareItem, DisplayString, isInnerList, parseItem, parseList, Token } from "structured-headers";
import { type AAuthErrorCode, AAuthVerificationError } from "../errors.ts";
import { endOfQuotedString } from "../quoted-string.ts";
import { trimField } from "./field.ts";

/** Value of a parameter or item in the headers of this profile. Tokens are returned as strings. */
export type FieldItem = string | number | boolean;

/** A field item, or the bytes of a byte sequence. */
export type FieldValue = FieldItem | Uint8Array;

/**
 * A parameter: its value and its serialized form, which tells the decimal `1.0` from the integer
 * `1`.
 */
export interface Parameter {
  readonly value: FieldValue;
  readonly text: string;
}

/**
 * Splits `text` at each `delimiter` outside quoted strings and parentheses, in linear time. An
 * unterminated string or parenthesis stays in one piece, which then fails to parse.
 */
export function splitTopLevel(text: string, delimiter: ";" | ","): string[] {
  const pieces: string[] = [];
  let start = 0;
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (char === '"') index = endOfQuotedString(text, index);
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
 * Parses the parameters of an item: each piece is `key` or `key=value`.
 *
 * @throws {AAuthError} `code` for a malformed piece or a repeated key
 */
export function parseParameters(pieces: readonly string[], code: AAuthErrorCode): Map<string, Parameter> {
  const parameters = new Map<string, Parameter>();
  for (const piece of pieces) {
    // RFC 8941 section 3.1.2 allows spaces after the semicolon, and nowhere else.
    const text = piece.replace(/^ +/, "");
    const match = /^([a-z*][a-z0-9_.*-]*)(?:=(.*))?$/s.exec(text);
    const key = match?.[1];
    if (key === undefined) throw new AAuthVerificationError(code, "a parameter name is invalid");
    if (parameters.has(key)) throw new AAuthVerificationError(code, "a parameter appears twice");
    const valueText = match?.[2];
    const value = valueText === undefined ? true : parseBareItem(valueText, code);
    parameters.set(key, { value, text: valueText ?? "?1" });
  }
  return parameters;
}

/**
 * Returns a parameter that must be a non-empty quoted string, or undefined if it is absent. A token
 * is refused.
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

/** A dictionary member with its unparsed value, for `parseBareItem` or `parseStringList`. */
export interface DictionaryMember {
  /** The value as written, without parameters. */
  readonly text: string;
  readonly parameters: ReadonlyMap<string, Parameter>;
}

/**
 * Parses a dictionary of RFC 9651.
 *
 * @throws {AAuthError} `code` for invalid syntax, or a repeated key or parameter
 */
export function parseDictionary(text: string, code: AAuthErrorCode): Map<string, DictionaryMember> {
  const members = new Map<string, DictionaryMember>();
  if (text === "") return members;
  for (const piece of splitTopLevel(text, ",")) {
    const [head = "", ...rest] = splitTopLevel(trimField(piece), ";");
    const match = /^([a-z*][a-z0-9_.*-]*)(?:=(.*))?$/s.exec(head);
    const key = match?.[1];
    if (key === undefined) throw new AAuthVerificationError(code, "a member name is invalid");
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
 * Fast path for strings without escapes (RFC 8941 section 3.3.3), which the library reads character
 * by character.
 */
const PLAIN_STRING = /^"[\x20\x21\x23-\x5b\x5d-\x7e]*"$/;

/** Parses a bare item: no parameters, no whitespace around it. */
export function parseBareItem(text: string, code: AAuthErrorCode): FieldValue {
  if (PLAIN_STRING.test(text)) return text.slice(1, -1);
  if (text.startsWith(" ") || text.endsWith(" ")) throw new AAuthVerificationError(code, "stray whitespace");
  const [item, parameters] = guard(() => parseItem(text), code);
  if (parameters.size > 0) throw new AAuthVerificationError(code, "unexpected parameter");
  return plainValue(item, code);
}

/**
 * Fast path for a list of such strings with single spaces, as every deployed signer writes it. No
 * nested quantifiers.
 */
const PLAIN_LIST = /^\("[\x20\x21\x23-\x5b\x5d-\x7e]*"(?: "[\x20\x21\x23-\x5b\x5d-\x7e]*")*\)$/;

/**
 * Parses `("a" "b")` into its strings. Parameters on the list or its items are refused, except
 * those that `withParameters` accepts.
 */
export function parseStringList(
  text: string,
  code: AAuthErrorCode,
  withParameters?: (item: string, parameters: ReadonlyMap<string, unknown>) => string | undefined,
): string[] {
  // No string contains a quote, so each `" "` separates two strings.
  if (PLAIN_LIST.test(text)) return text.slice(2, -2).split('" "');
  // The library would skip whitespace at the ends, which is invalid here.
  if (!text.startsWith("(") || !text.endsWith(")"))
    throw new AAuthVerificationError(code, "expected one list in parentheses");
  const list = guard(() => parseList(text), code);
  const member = list[0];
  if (list.length !== 1 || !member || !isInnerList(member)) {
    throw new AAuthVerificationError(code, "expected one list in parentheses");
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
  throw new AAuthVerificationError(code, `unexpected ${kind}`);
}

/** Writes a quoted string; refuses characters that RFC 8941 section 3.3.3 does not allow. */
export function formatString(text: string, code: AAuthErrorCode): string {
  if (!/^[\x20-\x7e]*$/.test(text)) throw new AAuthVerificationError(code, "a value is not printable ASCII");
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** Writes strings in parentheses, each as {@link formatString} does. */
export const formatStringList = (texts: readonly string[], code: AAuthErrorCode): string =>
  `(${texts.map((text) => formatString(text, code)).join(" ")})`;

function guard<T>(parse: () => T, code: AAuthErrorCode): T {
  try {
    return parse();
  } catch (cause) {
    throw new AAuthVerificationError(code, "invalid structured field", { cause });
  }
}
