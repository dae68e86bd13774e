/**
 * Codes that tie a browser to a pending request (draft -11, section 11.6.3.1).
 *
 * @module
 */

import { platformCrypto } from "#crypto";

/** Crockford's base32. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/**
 * What finds the request: a wrong guess of the rest counts against this one request, and no other.
 */
const NAME_SYMBOLS = 4;
/** 40 bits, the least that the text allows for what has to be guessed. */
const SECRET_SYMBOLS = 8;
const SYMBOLS = NAME_SYMBOLS + SECRET_SYMBOLS;
const CODE = new RegExp(`^[${ALPHABET}]{${SYMBOLS}}$`);

export interface InteractionCode {
  /** Finds the request. */
  readonly name: string;
  /** Proves that the code was given out. */
  readonly secret: string;
}

export function createInteractionCode(): InteractionCode {
  // 32 symbols divide 256: none is likelier than another.
  const symbols = [...platformCrypto.randomBytes(SYMBOLS)].map((byte) => ALPHABET[byte % ALPHABET.length]);
  return { name: symbols.slice(0, NAME_SYMBOLS).join(""), secret: symbols.slice(NAME_SYMBOLS).join("") };
}

/** In groups of four, for people. */
export const showCode = ({ name, secret }: InteractionCode): string =>
  `${name}-${secret.slice(0, 4)}-${secret.slice(4)}`;

/**
 * Reads what a person has typed: hyphens, spaces, case, and the letters that look like digits do
 * not count. Undefined for what is no code.
 */
export function readCode(typed: string): InteractionCode | undefined {
  if (typed.length > 64) return undefined;
  const code = typed.replace(/[-\s]/g, "").toUpperCase().replace(/[IL]/g, "1").replace(/O/g, "0");
  return CODE.test(code)
    ? { name: code.slice(0, NAME_SYMBOLS), secret: code.slice(NAME_SYMBOLS) }
    : undefined;
}
