/**
 * Whether a text has a private or shared key: PEM, a JWK (RFC 7518 section 6, also in a string of
 * JSON or an address), a private member in `Signature-Key`, one of these in a token or in base64,
 * or DER in base64 (RFC 5958, RFC 8017, RFC 5915). Takes linear time.
 *
 * Does NOT find keys that are encrypted, compressed or encoded in another way.
 */
export function hasPrivateKey(text: string, depth = 0): boolean {
  const plain = text.replaceAll(/(?:\\u00|%)([2-7][\da-f])/gi, (_escape, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  if (PEM.test(plain) || FIELD_MEMBER.test(plain)) return true;
  const hasJwk = KTY.test(plain);
  if (hasJwk && LONG_MEMBER.test(plain)) return true;
  // An expression for the whole object would take quadratic time.
  if (hasJwk && plain.split(/[{}]/).some((part) => KTY.test(part) && MEMBER.test(part))) return true;
  if (plain.match(ENCODED_DER)?.some((part) => isKeyDer(decoded(part.slice(0, 40))))) return true;
  return (
    depth < MAX_DEPTH && (plain.match(ENCODED) ?? []).some((part) => hasPrivateKey(decoded(part), depth + 1))
  );
}

const MAX_DEPTH = 3;
const PEM = /-----BEGIN[ +][A-Z +]{0,30}PRIVATE[ +]KEY(?:[ +]BLOCK)?-----/;
const KTY = /["']kty\\*["']/;
const MEMBER = /["'](?:d|k|p|q|dp|dq|qi|oth)\\*["']\s*:/;
/** A private member of an object that has others inside of it. */
const LONG_MEMBER = /["']d\\*["']\s*:\s*\\*["'][\w-]{40}/;
const FIELD_MEMBER = /[;\s]d=\\*"[\w-]{40}/;
/** Base64 or base64url of an object, or of PEM. */
const ENCODED = /(?<![\w+/-])(?:e[w-z0-9_-]|LS0tLS1CRUdJTi)[\w+/-]{30,}/g;
/** SEQUENCE in base64 or base64url. */
const ENCODED_DER = /(?<![\w+/-])M[A-Za-z\d][\w+/-]{40,}/g;
/** SEQUENCE, its length, a version of 0 or 1, and a SEQUENCE, INTEGER or OCTET STRING. */
function isKeyDer(text: string): boolean {
  const [, first = 0, ...rest] = Array.from(text, (character) => character.charCodeAt(0));
  const [integer, length, version = 2, next = 0] = rest.slice(first > 0x80 ? first - 0x80 : 0);
  return integer === 2 && length === 1 && version < 2 && [0x30, 0x02, 0x04].includes(next);
}

function decoded(part: string): string {
  try {
    return atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return "";
  }
}
