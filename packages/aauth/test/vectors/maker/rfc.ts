/** Digests, thumbprints and signature bases: RFC 9530, 7638 and 9421. */

import { keys } from "./keys.ts";
import { accepts, digest, refuses, signatureBase, type VectorFile } from "./messages.ts";

const HELLO = '{"hello": "world"}';
const [sha256, sha512] = [digest(HELLO), digest(HELLO, "sha-512")];
const other = digest('{"action":"update","value":42}');

const matches = (title: string, section: string, body: string, contentDigest: string = digest(body)) =>
  accepts(`accepts ${title}`, section, { body, contentDigest }, { written: digest(body) });
const differs = (title: string, contentDigest: string, code = "malformed_digest", body = HELLO) =>
  refuses(`refuses ${title}`, "RFC 9530, section 2", { body, contentDigest }, code);

const contentDigest: VectorFile = {
  about:
    "Content-Digest of a body (UTF-8). Accepted where every digest of a known algorithm is that of the body; `written` is what a sender writes.",
  operation: "content-digest",
  cases: [
    matches("sha-256 of a JSON body", "RFC 9530, section 2", HELLO),
    matches("sha-512 of a JSON body", "RFC 9421, B.2", HELLO, sha512),
    matches("sha-256 of another JSON body", "RFC 9530, section 2", '{"action":"update","value":42}'),
    matches("sha-256 of a form", "RFC 9530, section 2", "scope=data.read+data.write"),
    matches("sha-256 of an empty body", "RFC 9530, section 2", ""),
    matches("sha-256 of a body that ends with a line feed", "RFC 9530, B", `${HELLO}\n`),
    matches(
      "sha-512 of a body that ends with a line feed",
      "RFC 9530, B",
      `${HELLO}\n`,
      digest(`${HELLO}\n`, "sha-512"),
    ),
    matches("both algorithms", "RFC 9530, section 2", HELLO, `${sha512}, ${sha256}`),
    matches("an unknown algorithm beside a known one", "RFC 9530, section 2", HELLO, `md5=:AAAA:,${sha256}`),
    matches(
      "a parameter, and whitespace around the value",
      "RFC 9530, section 2",
      HELLO,
      ` ${sha256};a="b,c" `,
    ),
    differs("the digest of another body", other, "digest_mismatch"),
    differs("a wrong digest after a right one", `${sha256}, ${digest("x", "sha-512")}`, "digest_mismatch"),
    differs("a wrong digest before a right one", `${other}, ${sha512}`, "digest_mismatch"),
    differs("a digest of something, without a body", sha256, "digest_mismatch", ""),
    differs("an empty field", ""),
    differs("no known algorithm", "md5=:AAAA:"),
    differs("a string in place of bytes", sha256.replace(/:(.*):/, '"$1"')),
    differs("a token in place of bytes", sha256.replaceAll(":", "")),
    differs("base64 without padding", sha256.replace("=:", ":").replace("=:", ":")),
    differs("stray bits behind the last byte", sha256.replace("E=:", "F=:")),
    differs("a digest of the wrong length", sha512.replace("sha-512", "sha-256")),
    differs("an algorithm twice", `${other}, ${sha256}`),
    differs("a comma at the end", `${sha256},`),
    differs("an algorithm in upper case", sha256.replace("sha", "SHA")),
    differs("a parameter twice", `${sha256};a;a`),
  ],
};

const { d: _, ...publicA } = keys.A.jwk;
const RFC_7638 = {
  kty: "RSA",
  n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
  e: "AQAB",
};
const P256 = {
  kty: "EC",
  crv: "P-256",
  x: "qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA",
  y: "Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0",
};
const names = (title: string, section: string, jwk: object, value: string) =>
  accepts(`names ${title}`, section, { jwk }, value);
const badKey = (title: string, jwk: object) =>
  refuses(`refuses ${title}`, "RFC 7638, section 3.2", { jwk }, "unsupported_key");
const { kty, crv, x } = keys.B.jwk;

const jwkThumbprint: VectorFile = {
  about: "The SHA-256 thumbprint of a public key, base64url without padding.",
  operation: "jwk-thumbprint",
  cases: [
    names("an RSA key", "RFC 7638, 3.1", RFC_7638, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
    names("the Ed25519 key of RFC 8037", "RFC 8037, A.3", { kty, crv, x }, keys.B.thumbprint),
    names(
      "members that do not belong to the key",
      "RFC 7638, section 3",
      { use: "sig", alg: "Ed25519", x, kty, kid: "key-1", crv },
      keys.B.thumbprint,
    ),
    names("the Ed25519 key of RFC 9421", "RFC 7638, section 3", publicA, keys.A.thumbprint),
    names(
      "the P-256 key of RFC 9421",
      "RFC 9421, B.1.3",
      P256,
      "ydQXMtvbsOsZyFir-Y7A8t7fKEM1gbKPvyFkdpu4fvI",
    ),
    badKey("a symmetric key", { kty: "oct", k: "AAAA" }),
    badKey("a key type that every object has", { kty: "constructor" }),
    badKey("a key without one of its members", { kty: "OKP", crv: "Ed25519" }),
    badKey("a member that is not a string", { kty: "RSA", e: "AQAB", n: 5 }),
  ],
};

const B26 = {
  method: "POST",
  authority: "example.com",
  target: "/foo?param=Value&Pet=dog",
  fields: {
    host: "example.com",
    date: "Tue, 20 Apr 2021 02:07:55 GMT",
    "content-type": "application/json",
    "content-length": "18",
  },
};
const COVERED = ["date", "@method", "@path", "@authority", "content-type", "content-length"];

/** The base, and a signature over it. */
function based(
  title: string,
  section: string,
  message: typeof B26,
  components: string[],
  parameters: string,
) {
  const raw = `(${components.map((name) => `"${name}"`).join(" ")})${parameters}`;
  const base = signatureBase(message, components, raw);
  const input = {
    ...message,
    signatureInput: `sig=${raw}`,
    key: publicA,
    signature: `sig=:${keys.A.sign(base).toString("base64")}:`,
  };
  return accepts(`signs ${title}`, section, input, base);
}

const POST_DATA = {
  method: "POST",
  authority: "resource.example",
  target: "/a%2Fb;c/d?x=%20&y=?",
  fields: { ...B26.fields, "content-type": " application/json\t", "x-empty": "" },
};

const signatureBases: VectorFile = {
  about: "The signature base of a message, and a signature over it that verifies with `key`.",
  operation: "signature-base",
  cases: [
    based(
      "the example of RFC 9421",
      "RFC 9421, B.2.6",
      B26,
      COVERED,
      ';created=1618884473;keyid="test-key-ed25519"',
    ),
    based(
      "derived components of a raw target",
      "RFC 9421, section 2.2",
      POST_DATA,
      ["@method", "@authority", "@path", "@query"],
      ";created=1",
    ),
    based("an empty field", "RFC 9421, section 2.1", POST_DATA, ["x-empty"], ";created=1"),
    based("no component", "RFC 9421, section 2.5", POST_DATA, [], ";created=1"),
    ...["date2", "constructor", "__proto__", "@status"].map((name) =>
      refuses(
        `refuses a component that the message does not have: ${name}`,
        "RFC 9421, section 2.5",
        { ...POST_DATA, signatureInput: `sig=("${name}");created=1` },
        "missing_component",
      ),
    ),
    refuses(
      "refuses a field that would forge a line",
      "RFC 9421, section 2.5",
      { ...POST_DATA, fields: { nonce: 'x\n"@method": GET' }, signatureInput: 'sig=("nonce");created=1' },
      "missing_component",
    ),
  ],
};

export const rfc: Readonly<Record<string, VectorFile>> = {
  "rfc/content-digest.json": contentDigest,
  "rfc/jwk-thumbprint.json": jwkThumbprint,
  "rfc/signature-base.json": signatureBases,
};
