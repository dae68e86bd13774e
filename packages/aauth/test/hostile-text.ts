import fc from "fast-check";

/**
 * Pieces of the header grammars. Random sequences of them reach further into a parser than random
 * bytes.
 */
const PIECES = [
  ...'"\\():;,=?@%*_-. \t\n\r\0',
  "sig1",
  "sig1=(",
  "scheme=",
  "scheme=hwk",
  "hwk",
  "jwks",
  "jwt",
  ' kty="OKP"',
  ' crv="Ed25519"',
  ' x="',
  "httpsig",
  ";created=",
  "1730217600",
  ";expires=",
  '"@method"',
  '"signature-key"',
  "sha-256=:",
  "sha-512=:",
  "; identity=?1",
  "; auth-token",
  '; resource_token="',
  '; algs=("',
  ":AAAA:",
  "é",
  "\u{1f511}",
  "__proto__",
  "constructor",
  '%"a%ff"',
  "@1700000000",
  "-999999999999999",
  "0.123",
]; // prettier-ignore

const MAX_LENGTH = 65_536;

/** Arbitrary and hostile header values up to 64 KiB. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join("")),
  fc
    .tuple(fc.constantFrom(...PIECES), fc.constantFrom(...PIECES), fc.integer({ min: 1, max: MAX_LENGTH }))
    .map(([head, piece, length]) => (head + piece.repeat(Math.ceil(length / piece.length))).slice(0, length)),
);
