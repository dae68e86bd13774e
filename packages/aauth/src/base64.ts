/**
 * Strict base64 in both alphabets: no whitespace, no foreign characters, no missing or superfluous
 * padding, no stray bits after the last byte (RFC 4648 sections 3.5 and 5). The platforms' decoders
 * tolerate all of these, so that one signature would have several encodings. Decoded bytes are
 * therefore encoded again and compared with the input.
 *
 * @module
 */

type Alphabet = "base64" | "base64url";

const hasBuffer = typeof Buffer === "function";

/** base64url without padding. */
export const encodeBase64Url = (bytes: Uint8Array): string => encode(bytes, "base64url");

/** Standard base64 with padding. */
export const encodeBase64 = (bytes: Uint8Array): string => encode(bytes, "base64");

/** Decodes base64url without padding; undefined for any other string. */
export const decodeBase64Url = (text: string): Uint8Array | undefined => decodeExact(text, "base64url");

/** Decodes standard base64 with padding; undefined for any other string. */
export const decodeBase64 = (text: string): Uint8Array | undefined => decodeExact(text, "base64");

/** Decodes either alphabet, padded or not, but not a mixture; undefined for any other string. */
export function decodeAnyBase64(text: string): Uint8Array | undefined {
  const data = text.replace(/={1,2}$/, "");
  if (data.length !== text.length && text.length % 4 !== 0) return undefined;
  const isUrlSafe = /[-_]/.test(data);
  return decodeExact(
    isUrlSafe ? data : data + "=".repeat((4 - (data.length % 4)) % 4),
    isUrlSafe ? "base64url" : "base64",
  );
}

function decodeExact(text: string, alphabet: Alphabet): Uint8Array | undefined {
  const bytes = decode(text, alphabet);
  if (bytes === undefined || encode(bytes, alphabet) !== text) return undefined;
  // A copy, because a few bytes of Node's pool would keep 8 KiB alive.
  return hasBuffer ? new Uint8Array(bytes) : bytes;
}

const bufferOf = (bytes: Uint8Array): Buffer =>
  bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function encode(bytes: Uint8Array, alphabet: Alphabet): string {
  if (hasBuffer) return bufferOf(bytes).toString(alphabet);
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  const text = btoa(binary);
  return alphabet === "base64" ? text : text.replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_");
}

function decode(text: string, alphabet: Alphabet): Uint8Array | undefined {
  if (hasBuffer) return Buffer.from(text, alphabet);
  try {
    const standard = alphabet === "base64" ? text : text.replaceAll("-", "+").replaceAll("_", "/");
    return Uint8Array.from(atob(standard), (character) => character.charCodeAt(0));
  } catch {
    return undefined; // `atob` refuses other characters.
  }
}
