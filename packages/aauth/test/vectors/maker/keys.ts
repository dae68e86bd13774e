/**
 * The test keys of the vectors, from published seeds or from their names: the same in each run.
 *
 * @module
 */

import { createECDH, createHash, createHmac, createPrivateKey, sign } from "node:crypto";

const sha256 = (data: string | Buffer): Buffer => createHash("sha256").update(data).digest();
export const base64url = (data: string | Buffer): string => Buffer.from(data).toString("base64url");

export interface Key {
  readonly kid: string;
  readonly alg: "Ed25519" | "ES256";
  readonly source: string;
  /** With the private member `d`. */
  readonly jwk: Readonly<Record<string, string>>;
  /** In the form of `cnf.jwk` and key sets. */
  readonly publicJwk: Readonly<Record<string, string>>;
  /** RFC 7638. */
  readonly thumbprint: string;
  sign(data: string): Buffer;
}

/** DER of an Ed25519 private key before its 32 bytes (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

function ed25519(kid: string, seed: Buffer, source: string): Key {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  const { x = "", d = "" } = privateKey.export({ format: "jwk" });
  const members = { kty: "OKP", crv: "Ed25519", x };
  const thumbprint = base64url(sha256(JSON.stringify({ crv: "Ed25519", kty: "OKP", x })));
  return {
    kid,
    alg: "Ed25519",
    source,
    jwk: { ...members, d },
    publicJwk: { ...members, alg: "Ed25519" },
    thumbprint,
    sign: (data: string) => sign(null, Buffer.from(data), privateKey),
  } as const;
}

/** Order of the group of P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const integer = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString("hex")}`);
const octets = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, "0"), "hex");

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let [square, rest] = [base, exponent]; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % ORDER;
    square = (square * square) % ORDER;
  }
  return result;
}

/** x and y of a multiple of the base point. */
function point(scalar: Buffer): readonly [Buffer, Buffer] {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(scalar);
  const uncompressed = ecdh.getPublicKey();
  return [uncompressed.subarray(1, 33), uncompressed.subarray(33)];
}

/** Deterministic ECDSA (RFC 6979, section 3.2): the platform's own signatures differ each time. */
function signEs256(secret: Buffer, data: string): Buffer {
  const digest = octets(integer(sha256(data)) % ORDER);
  const hmac = (key: Buffer, ...parts: Buffer[]) =>
    createHmac("sha256", key).update(Buffer.concat(parts)).digest();
  let [key, value]: [Buffer, Buffer] = [Buffer.alloc(32), Buffer.alloc(32, 1)];
  for (const round of [0, 1]) {
    key = hmac(key, value, Buffer.from([round]), secret, digest);
    value = hmac(key, value);
  }
  const nonce = hmac(key, value);
  const r = integer(point(nonce)[0]) % ORDER;
  const s = (power(integer(nonce), ORDER - 2n) * (integer(digest) + r * integer(secret))) % ORDER;
  return Buffer.concat([octets(r), octets(s)]);
}

function es256(kid: string, secret: Buffer, source: string): Key {
  const [x, y] = point(secret).map((half) => base64url(half)) as [string, string];
  const members = { kty: "EC", crv: "P-256", x, y };
  const thumbprint = base64url(sha256(JSON.stringify({ crv: "P-256", kty: "EC", x, y })));
  return {
    kid,
    alg: "ES256",
    source,
    publicJwk: { ...members, alg: "ES256" },
    jwk: { ...members, d: base64url(secret) },
    thumbprint,
    sign: (data: string) => signEs256(secret, data),
  } as const;
}

const named = (kid: string, make = ed25519): Key =>
  make(kid, sha256(`aauth vectors, ${kid}`), `SHA-256 of "aauth vectors, ${kid}"`);
const published = (kid: string, seed: string, source: string): Key =>
  ed25519(kid, Buffer.from(seed, "base64url"), source);

/** By name, which is also the `kid` in key sets. */
export const keys = {
  A: published("A", "n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU", "RFC 9421 B.1.4 (public test key)"),
  B: published("B", "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "RFC 8037 A.1 and A.3 (public test key)"),
  agent: named("agent-1"),
  other: named("agent-2"),
  worker: named("agent-3"),
  es256: named("agent-4", es256),
  provider: named("ap-1"),
  providerEs256: named("ap-2", es256),
  person: named("ps-1"),
  access: named("as-1"),
  resource: named("rs-1"),
  parts: named("rs-2"),
};

export const keysFile = Object.fromEntries(
  Object.values(keys).map(({ kid, alg, source, jwk, thumbprint }) => [kid, { source, alg, jwk, thumbprint }]),
);
