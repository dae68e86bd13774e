/**
 * Public keys that verify tokens.
 *
 * @module
 */

import { type CryptoKey, importJWK, type JWK } from "jose";
import { decodeBase64Url } from "../base64.ts";
import { AAuthVerificationError } from "../errors.ts";
import { isSmallOrder } from "../keys/small-order.ts";
import { PRIVATE_MEMBERS } from "../keys/verification-key.ts";
import type { IssuerJwk, TokenAlgorithm } from "../types.ts";

interface KeyMember {
  readonly name: string;
  readonly minBytes: number;
  readonly maxBytes: number;
}

/** Keys that an algorithm accepts: type, curve, and byte members with their lengths. */
interface KeyShape {
  readonly kty: string;
  readonly crv?: string;
  readonly members: readonly KeyMember[];
}

const coordinate = (name: string) => ({ name, minBytes: 32, maxBytes: 32 });
const ED25519: KeyShape = { kty: "OKP", crv: "Ed25519", members: [coordinate("x")] };
/**
 * Both members determine the cost of a verification, and untrusted issuers choose them. `jose`
 * refuses fewer than 2048 bits.
 */
const RSA: KeyShape = {
  kty: "RSA",
  members: [
    // hole X14: { name: "n", minBytes: 1, maxBytes: 5_120 }
    { name: "n", minBytes: 1, maxBytes: 512 },
    { name: "e", minBytes: 1, maxBytes: 4 },
  ],
};
const SHAPES: Readonly<Record<TokenAlgorithm, KeyShape>> = {
  RS256: RSA,
  ES256: { kty: "EC", crv: "P-256", members: [coordinate("x"), coordinate("y")] },
  EdDSA: ED25519,
  Ed25519: ED25519,
};
/** `EdDSA` and `Ed25519` name one algorithm (RFC 9864). */
const sameAlgorithm = (name: unknown, alg: TokenAlgorithm) =>
  name === alg || (SHAPES[alg] === ED25519 && (name === "EdDSA" || name === "Ed25519"));

/** Imported keys by the JWK object that discovery caches, so that both are released together. */
const imported = new WeakMap<IssuerJwk, Map<TokenAlgorithm, Promise<CryptoKey>>>();

/**
 * Imports a published JWK, once for each algorithm.
 *
 * @throws AAuthError `unsupported_key` for a key of another type, curve, use or algorithm, for
 *   private members, for a member that is missing, not canonical, too short or too long, and for a
 *   point of small order; a platform error for a point off its curve.
 */
export async function tokenKey(jwk: IssuerJwk, alg: TokenAlgorithm): Promise<CryptoKey> {
  const keys = imported.get(jwk) ?? new Map<TokenAlgorithm, Promise<CryptoKey>>();
  imported.set(jwk, keys);
  let key = keys.get(alg);
  if (key === undefined) {
    key = importKey(jwk, alg);
    keys.set(alg, key);
  }
  return key;
}

async function importKey(jwk: IssuerJwk, alg: TokenAlgorithm): Promise<CryptoKey> {
  const { kty, crv, members } = SHAPES[alg];
  if (jwk.kty !== kty || (crv !== undefined && jwk.crv !== crv)) throw unsupported(`is not a key for ${alg}`);
  if (jwk.use !== undefined && jwk.use !== "sig") throw unsupported("is not for signatures");
  if (Array.isArray(jwk.key_ops) && !jwk.key_ops.includes("verify"))
    throw unsupported("is not for verifying");
  if (jwk.alg !== undefined && !sameAlgorithm(jwk.alg, alg)) throw unsupported("is for another algorithm");
  if (PRIVATE_MEMBERS.some((member) => Object.hasOwn(jwk, member))) throw unsupported("has private members");
  const bytes = members.map((member) => bytesOf(jwk, member));
  if (kty === "OKP" && isSmallOrder(bytes[0]!)) throw unsupported("is a point of small order");
  const named = members.map(({ name }) => [name, jwk[name]]);
  const plain = { kty, ...(crv !== undefined && { crv }), ...Object.fromEntries(named) } as JWK;
  return (await importJWK(plain, alg)) as CryptoKey;
}

/** Decodes a byte member, which must be canonical base64url. */
function bytesOf(jwk: IssuerJwk, { name, minBytes, maxBytes }: KeyMember): Uint8Array {
  const value = jwk[name];
  const isBounded = typeof value === "string" && value.length <= Math.ceil((maxBytes * 4) / 3);
  const bytes = isBounded ? decodeBase64Url(value) : undefined;
  if (bytes === undefined || bytes.length < minBytes)
    throw unsupported(`has an invalid "${name}": malformed, too short or too long`);
  return bytes;
}

const unsupported = (reason: string): AAuthVerificationError =>
  new AAuthVerificationError("unsupported_key", `the issuer's key ${reason}`);
