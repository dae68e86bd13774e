/**
 * Structured fields (RFC 9651), read strictly. The judge's own: it shares no code with the library
 * that it judges.
 *
 * @module
 */

/** A token, which is written without quotes. */
export class Token {
  readonly value: string;
  constructor(value: string) {
    this.value = value;
  }
}

/** A decimal number. Integers are plain numbers. */
export class Decimal {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export type BareItem = number | Decimal | string | Token | Uint8Array | boolean;
export type Parameters = ReadonlyMap<string, BareItem>;

export interface Item {
  readonly value: BareItem;
  readonly params: Parameters;
}

export interface InnerList {
  readonly items: readonly Item[];
  readonly params: Parameters;
}

export type Member = Item | InnerList;

export const isInnerList = (member: Member): member is InnerList => "items" in member;

/** A field that is not well-formed. */
export class FieldError extends Error {
  override readonly name = "FieldError";
}

const MAX_INTEGER_DIGITS = 15;
const MAX_FRACTION_DIGITS = 3;
const KEY = /[a-z*][a-z0-9_\-.*]*/y;
const TOKEN = /[A-Za-z*][A-Za-z0-9!#$%&'*+\-.^_`|~:/]*/y;
const NUMBER = /-?[0-9]+(?:\.[0-9]+)?/y;
const STRING = /"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y;
const BYTES = /:([A-Za-z0-9+/]*={0,2}):/y;
const BOOLEAN = /\?([01])/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }

  eat(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  fail(expected: string): never {
    throw new FieldError(`expected ${expected} at character ${this.#at + 1}`);
  }
}

/** @throws FieldError */
export function parseDictionary(text: string): ReadonlyMap<string, Member> {
  const reader = new Reader(text.replace(/^ +| +$/g, ""));
  const members = new Map<string, Member>();
  while (!reader.isAtEnd) {
    const [key] = reader.take(KEY) ?? reader.fail("a key");
    const member = reader.eat("=") ? readMember(reader) : { value: true, params: readParameters(reader) };
    // The last of two equal keys is the one that counts, at its own place.
    members.delete(key);
    members.set(key, member);
    endMember(reader);
  }
  return members;
}

/** @throws FieldError */
export function parseList(text: string): readonly Member[] {
  const reader = new Reader(text.replace(/^ +| +$/g, ""));
  const members: Member[] = [];
  while (!reader.isAtEnd) {
    members.push(readMember(reader));
    endMember(reader);
  }
  return members;
}

function endMember(reader: Reader): void {
  reader.take(/[ \t]*/y);
  if (reader.isAtEnd) return;
  if (!reader.eat(",")) reader.fail("a comma");
  reader.take(/[ \t]*/y);
  if (reader.isAtEnd) reader.fail("a member after the comma");
}

function readMember(reader: Reader): Member {
  if (!reader.eat("(")) return readItem(reader);
  const items: Item[] = [];
  for (;;) {
    const [space] = reader.take(/ */y)!;
    if (reader.eat(")")) return { items, params: readParameters(reader) };
    if (items.length > 0 && space === "") reader.fail("a space");
    items.push(readItem(reader));
  }
}

function readItem(reader: Reader): Item {
  return { value: readBareItem(reader), params: readParameters(reader) };
}

function readParameters(reader: Reader): Parameters {
  const params = new Map<string, BareItem>();
  while (reader.eat(";")) {
    reader.take(/ */y);
    const [key] = reader.take(KEY) ?? reader.fail("the name of a parameter");
    const value = reader.eat("=") ? readBareItem(reader) : true;
    params.delete(key);
    params.set(key, value);
  }
  return params;
}

function readBareItem(reader: Reader): BareItem {
  const string = reader.take(STRING);
  if (string !== undefined) return string[1]!.replace(/\\(["\\])/g, "$1");
  const bytes = reader.take(BYTES);
  if (bytes !== undefined) return new Uint8Array(Buffer.from(bytes[1]!, "base64"));
  const boolean = reader.take(BOOLEAN);
  if (boolean !== undefined) return boolean[1] === "1";
  const number = reader.take(NUMBER);
  if (number !== undefined) return readNumber(number[0], reader);
  const token = reader.take(TOKEN);
  return token === undefined ? reader.fail("a value") : new Token(token[0]);
}

function readNumber(text: string, reader: Reader): number | Decimal {
  const [whole = "", fraction] = text.replace("-", "").split(".");
  if (fraction === undefined) {
    return whole.length > MAX_INTEGER_DIGITS ? reader.fail("at most 15 digits") : Number(text);
  }
  if (whole.length > 12 || fraction.length > MAX_FRACTION_DIGITS) return reader.fail("a shorter decimal");
  return new Decimal(Number(text));
}

/** Text of a value, as RFC 9651 section 4.1 writes it. */
export function writeBareItem(value: BareItem): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "boolean") return value ? "?1" : "?0";
  if (typeof value === "string") return `"${value.replace(/["\\]/g, "\\$&")}"`;
  if (value instanceof Token) return value.value;
  if (value instanceof Uint8Array) return `:${Buffer.from(value).toString("base64")}:`;
  return Number.isInteger(value.value) ? value.value.toFixed(1) : String(value.value);
}

export const writeParameters = (params: Iterable<readonly [string, BareItem]>): string =>
  [...params].map(([key, value]) => `;${key}${value === true ? "" : `=${writeBareItem(value)}`}`).join("");

export const writeItem = ({ value, params }: Item): string => writeBareItem(value) + writeParameters(params);

export const writeInnerList = ({ items, params }: InnerList): string =>
  `(${items.map(writeItem).join(" ")})${writeParameters(params)}`;
