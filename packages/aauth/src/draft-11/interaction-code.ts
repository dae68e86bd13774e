/**
 * Codes that tie a browser to a pending request (draft -11, section 11.6.3.1).
 *
 * @module
 */

import { platformCrypto } from "#crypto";

/** Crockford's base32. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/**
 * Symbols that select the request, so that a wrong guess of the secret is counted against that
 * request only.
 */
const NAME_SYMBOLS = 4;
/** 40 bits, the minimum that the draft allows for the secret. */
const SECRET_SYMBOLS = 8;
const SYMBOLS = NAME_SYMBOLS + SECRET_SYMBOLS;
const CODE = new RegExp(`^[${ALPHABET}]{${SYMBOLS}}$`);

export interface InteractionCode {
  /** Selects the request. */
  readonly name: string;
  /** Proves knowledge of the issued code. */
  readonly secret: string;
}

export function createInteractionCode(): InteractionCode {
  // 32 divides 256, so all symbols are equally likely.
  const symbols = [...platformCrypto.randomBytes(SYMBOLS)].map((byte) => ALPHABET[byte % ALPHABET.length]);
  return { name: symbols.slice(0, NAME_SYMBOLS).join(""), secret: symbols.slice(NAME_SYMBOLS).join("") };
}

/** Formats a code in groups of four. */
export const showCode = ({ name, secret }: InteractionCode): string =>
  `${name}-${secret.slice(0, 4)}-${secret.slice(4)}`;

/**
 * Parses a typed code. Hyphens, spaces and case are ignored, and letters that look like digits are
 * accepted as digits. Undefined for an invalid code.
 */
export function readCode(typed: string): InteractionCode | undefined {
  if (typed.length > 64) return undefined;
  const code = typed.replace(/[-\s]/g, "").toUpperCase().replace(/[IL]/g, "1").replace(/O/g, "0");
  return CODE.test(code)
    ? { name: code.slice(0, NAME_SYMBOLS), secret: code.slice(NAME_SYMBOLS) }
    : undefined;
}
