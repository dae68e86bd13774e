/**
 * The form in which keys and owners are stored: databases reject NUL, replace lone surrogates, and
 * bound what an index holds. Different keys have different forms; only a digest begins with a
 * quote.
 *
 * @module
 */

const MAX_KEY_CHARACTERS = 512;

/** A key without what databases reject. */
export const escapeKey = (key: string): string => JSON.stringify(key).slice(1, -1);

/**
 * Whether an escaped key is stored as it is. Of another its SHA-256 is, in base64url after a quote.
 */
export const isShort = (escaped: string): boolean => escaped.length <= MAX_KEY_CHARACTERS;
