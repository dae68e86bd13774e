/**
 * Keys and their signatures, on Node's cryptography.
 *
 * @module
 */

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from "node:crypto";

export interface Jwk {
  readonly [member: string]: unknown;
}

/** A key pair of the suite. */
export interface KeyPair {
  readonly kid: string;
  readonly alg: "Ed25519" | "ES256";
  /** With `alg` and `kid`. */
  readonly publicJwk: Jwk;
  readonly privateJwk: Jwk;
}

export function generateKey(kid: string, alg: KeyPair["alg"] = "Ed25519"): KeyPair {
  const pair =
    alg === "Ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const named = { kid, alg };
  return {
    ...named,
    publicJwk: { ...pair.publicKey.export({ format: "jwk" }), ...named },
    privateJwk: { ...pair.privateKey.export({ format: "jwk" }), ...named },
  };
}

export function signBytes({ alg, privateJwk }: KeyPair, data: Uint8Array): Uint8Array {
  const key = createPrivateKey({ key: privateJwk as never, format: "jwk" });
  if (alg === "Ed25519") return sign(null, data, key);
  return sign("sha256", data, { key, dsaEncoding: "ieee-p1363" });
}

const SHAPES: Readonly<Record<string, { readonly kty: string; readonly crv: string }>> = {
  Ed25519: { kty: "OKP", crv: "Ed25519" },
  ES256: { kty: "EC", crv: "P-256" },
};

/**
 * Whether the key has made the signature.
 *
 * @param alg algorithm of the signature, by its name in JOSE; default: that of the key
 * @throws TypeError for a key or an algorithm that draft -11 does not allow (section 11.3.1)
 */
export function hasSigned(jwk: Jwk, data: Uint8Array, signature: Uint8Array, alg = jwk.alg): boolean {
  const shape = typeof alg === "string" && Object.hasOwn(SHAPES, alg) ? SHAPES[alg] : undefined;
  if (shape === undefined) throw new TypeError(`alg ${String(alg)} is not allowed`);
  if (jwk.alg !== undefined && jwk.alg !== alg) throw new TypeError(`the key is for ${String(jwk.alg)}`);
  if (jwk.kty !== shape.kty || jwk.crv !== shape.crv) throw new TypeError(`the key does not fit ${alg}`);
  const key = createPublicKey({ key: jwk as never, format: "jwk" });
  if (alg === "Ed25519") return verify(null, data, key, signature);
  return verify("sha256", data, { key, dsaEncoding: "ieee-p1363" }, signature);
}

const THUMBPRINT_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  OKP: ["crv", "kty", "x"],
  EC: ["crv", "kty", "x", "y"],
  RSA: ["e", "kty", "n"],
};

/** SHA-256 thumbprint of RFC 7638; undefined for a key of unknown type. */
export function thumbprint(jwk: Jwk): string | undefined {
  const members = THUMBPRINT_MEMBERS[String(jwk.kty)];
  if (members === undefined) return undefined;
  const canonical = JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]])));
  return createHash("sha256").update(canonical).digest("base64url");
}
