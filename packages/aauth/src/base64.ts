/**
 * Base64 in both alphabets, strict: no white space, no foreign characters, no missing or superfluous padding, no
 * stray bits after the last byte (RFC 4648 sections 3.5 and 5). The platforms' own decoders forgive all of these, and
 * a forgiving decoder gives one signature several spellings. Where Node's decoder is at hand it reads, and what it has
 * read is compared with the text. Reading by table is for browsers: in a loop it is faster for short texts, but in a
 * service that has been idle for a moment it takes longer than all else that is done with a header (docs/decisions/0012).
 *
 * @module
 */

const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE = `${STANDARD.slice(0, 62)}-_`;
/** Not a digit; its high bit survives in the union of all digits seen. */
const INVALID = 128;

const valuesOf = (alphabet: string): Uint8Array => {
  const values = new Uint8Array(256).fill(INVALID);
  for (let index = 0; index < 64; index++) values[alphabet.charCodeAt(index)] = index;
  return values;
};

/** All 4096 pairs of characters, so that encoding takes two look-ups for three bytes. */
const pairsOf = (alphabet: string): string[] =>
  Array.from({ length: 4096 }, (_, index) => alphabet.charAt(index >> 6) + alphabet.charAt(index & 63));

const STANDARD_VALUES = valuesOf(STANDARD);
const URL_SAFE_VALUES = valuesOf(URL_SAFE);
const STANDARD_PAIRS = pairsOf(STANDARD);
const URL_SAFE_PAIRS = pairsOf(URL_SAFE);

/**
 * Decodes the first `length` characters, which must hold data only; undefined when they are not canonical. There is
 * one check, at the end: every digit and every character code is gathered in a union on the way.
 */
function decode(text: string, length: number, values: Uint8Array): Uint8Array | undefined {
  const rest = length % 4;
  if (rest === 1) return undefined;
  const bytes = new Uint8Array((length * 3) >> 2);
  let codes = 0;
  let digits = 0;
  const digit = (index: number): number => {
    const code = text.charCodeAt(index);
    const value = values[code & 255]!;
    codes |= code;
    digits |= value;
    return value;
  };
  let written = 0;
  let index = 0;
  for (; index < length - rest; index += 4) {
    const group =
      (digit(index) << 18) | (digit(index + 1) << 12) | (digit(index + 2) << 6) | digit(index + 3);
    bytes[written++] = group >> 16;
    bytes[written++] = group >> 8;
    bytes[written++] = group;
  }
  let strayBits = 0;
  if (rest === 2) {
    const group = (digit(index) << 6) | digit(index + 1);
    bytes[written] = group >> 4;
    strayBits = group & 0b1111;
  }
  if (rest === 3) {
    const group = (digit(index) << 12) | (digit(index + 1) << 6) | digit(index + 2);
    bytes[written++] = group >> 10;
    bytes[written] = group >> 2;
    strayBits = group & 0b11;
  }
  return codes < 256 && digits < INVALID && strayBits === 0 ? bytes : undefined;
}

function encode(bytes: Uint8Array, pairs: readonly string[], padding: string): string {
  const whole = bytes.length - (bytes.length % 3);
  let text = "";
  for (let index = 0; index < whole; index += 3) {
    const group = (bytes[index]! << 16) | (bytes[index + 1]! << 8) | bytes[index + 2]!;
    text += pairs[group >> 12]! + pairs[group & 0xfff]!;
  }
  if (bytes.length - whole === 1) text += pairs[bytes[whole]! << 4]! + padding + padding;
  if (bytes.length - whole === 2) {
    const group = ((bytes[whole]! << 8) | bytes[whole + 1]!) << 2;
    text += pairs[group >> 6]! + pairs[(group & 63) << 6]!.charAt(0) + padding;
  }
  return text;
}

/** Node's own coder, where there is one. */
const hasBuffer = typeof Buffer === "function";

/** base64url without padding. */
export const encodeBase64Url = (bytes: Uint8Array): string =>
  hasBuffer ? bufferOf(bytes).toString("base64url") : encode(bytes, URL_SAFE_PAIRS, "");

const bufferOf = (bytes: Uint8Array): Buffer =>
  bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Standard base64 with padding. */
export const encodeBase64 = (bytes: Uint8Array): string =>
  hasBuffer ? bufferOf(bytes).toString("base64") : encode(bytes, STANDARD_PAIRS, "=");

/** base64url without padding to bytes; undefined when the text is anything else. */
export function decodeBase64Url(text: string): Uint8Array | undefined {
  if (!hasBuffer) return decode(text, text.length, URL_SAFE_VALUES);
  const bytes = Buffer.from(text, "base64url");
  // It forgives a lot. There is one spelling for these bytes, and only that is taken.
  return bytes.toString("base64url") === text ? copyOf(bytes) : undefined;
}

/** Standard base64 with padding to bytes; undefined when the text is anything else. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (!hasBuffer) return text.length % 4 === 0 ? decode(text, dataLength(text), STANDARD_VALUES) : undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? copyOf(bytes) : undefined;
}

/** Either alphabet, padded or not, but never a mixture; undefined when the text is anything else. */
export function decodeAnyBase64(text: string): Uint8Array | undefined {
  const length = dataLength(text);
  if (length !== text.length && text.length % 4 !== 0) return undefined;
  if (!hasBuffer) return decode(text, length, URL_SAFE_VALUES) ?? decode(text, length, STANDARD_VALUES);
  const data = text.slice(0, length);
  const bytes = Buffer.from(data, "base64");
  if (bytes.toString("base64url") === data) return copyOf(bytes);
  const standard = bytes.toString("base64");
  return standard.slice(0, dataLength(standard)) === data ? copyOf(bytes) : undefined;
}

/** Out of Node's pool, of which a few bytes would keep 8 KiB. */
const copyOf = (bytes: Buffer): Uint8Array => new Uint8Array(bytes);

/** Number of characters before one or two `=`. */
function dataLength(text: string): number {
  if (text.endsWith("==")) return text.length - 2;
  return text.endsWith("=") ? text.length - 1 : text.length;
}
