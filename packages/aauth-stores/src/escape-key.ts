/**
 * Stored form of keys and owners: databases reject NUL, replace lone surrogates, and limit the size
 * of index entries. Different keys have different stored forms. Only a digest begins with a quote.
 *
 * @module
 */

const MAX_KEY_CHARACTERS = 512;

/** Escapes the characters that databases reject. */
export const escapeKey = (key: string): string => JSON.stringify(key).slice(1, -1);

/**
 * Whether an escaped key is stored unchanged. A longer one is stored as a quote and its SHA-256 in
 * base64url.
 */
export const isShort = (escaped: string): boolean => escaped.length <= MAX_KEY_CHARACTERS;
