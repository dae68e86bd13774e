/**
 * Whether a text has a private or shared key: PEM, a JWK (RFC 7518 section 6, also in a string of
 * JSON), a private member in `Signature-Key`, or one of these in a token or in base64. Takes linear
 * time.
 *
 * Does NOT find keys that are encrypted, compressed or encoded in another way.
 */
export function hasPrivateKey(text: string, depth = 0): boolean {
  const plain = text.replaceAll(/\\u00([2-7][\da-f])/gi, (_escape, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  if (PEM.test(plain) || FIELD_MEMBER.test(plain)) return true;
  const hasJwk = KTY.test(plain);
  if (hasJwk && LONG_MEMBER.test(plain)) return true;
  // An expression for the whole object would take quadratic time.
  if (hasJwk && plain.split(/[{}]/).some((part) => KTY.test(part) && MEMBER.test(part))) return true;
  return (
    depth < MAX_DEPTH && (plain.match(ENCODED) ?? []).some((part) => hasPrivateKey(decoded(part), depth + 1))
  );
}

const MAX_DEPTH = 3;
const PEM = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----/;
const KTY = /\\*"kty\\*"/;
const MEMBER = /\\*"(?:d|k|p|q|dp|dq|qi|oth)\\*"\s*:/;
/** A private member of an object that has others inside of it. */
const LONG_MEMBER = /\\*"d\\*"\s*:\s*\\*"[\w-]{40}/;
const FIELD_MEMBER = /[;\s]d=\\*"[\w-]{40}/;
/** Base64 or base64url of an object, or of PEM. */
const ENCODED = /(?<![\w+/-])(?:e[w-z0-9_-]|LS0tLS1CRUdJTi)[\w+/-]{30,}/g;

function decoded(part: string): string {
  try {
    return atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return "";
  }
}
