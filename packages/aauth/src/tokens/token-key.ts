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

/**
 * Which keys an algorithm takes: type, curve, and the members that hold bytes with their lengths.
 */
interface KeyShape {
  readonly kty: string;
  readonly crv?: string;
  readonly members: readonly KeyMember[];
}

const coordinate = (name: string) => ({ name, minBytes: 32, maxBytes: 32 });
const ED25519: KeyShape = { kty: "OKP", crv: "Ed25519", members: [coordinate("x")] };
/**
 * The cost of a verification goes by both members, which untrusted issuers choose. `jose` refuses
 * less than 2048 bits.
 */
const RSA: KeyShape = {
  kty: "RSA",
  members: [
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
/** Two names for one algorithm (RFC 9864). */
const sameAlgorithm = (name: unknown, alg: TokenAlgorithm) =>
  name === alg || (SHAPES[alg] === ED25519 && (name === "EdDSA" || name === "Ed25519"));

/** Keys by the object that discovery keeps, so that both are forgotten together. */
const imported = new WeakMap<IssuerJwk, Map<TokenAlgorithm, Promise<CryptoKey>>>();

/**
 * The imported key of a published JWK.
 *
 * @throws AAuthError `unsupported_key` for a key of another type, curve, use or algorithm, private
 *   members, a member that is missing, in another spelling, or too short or long, and for a point
 *   of small order; Error of the platform for a point off its curve.
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
  if (jwk.kty !== kty || (crv !== undefined && jwk.crv !== crv)) throw unsupported(`not one for ${alg}`);
  if (jwk.use !== undefined && jwk.use !== "sig") throw unsupported("not for signatures");
  if (Array.isArray(jwk.key_ops) && !jwk.key_ops.includes("verify")) throw unsupported("not for verifying");
  if (jwk.alg !== undefined && !sameAlgorithm(jwk.alg, alg)) throw unsupported("for another algorithm");
  if (PRIVATE_MEMBERS.some((member) => Object.hasOwn(jwk, member))) throw unsupported("with private members");
  const bytes = members.map((member) => bytesOf(jwk, member));
  if (kty === "OKP" && isSmallOrder(bytes[0]!)) throw unsupported("a point of small order");
  const named = members.map(({ name }) => [name, jwk[name]]);
  const plain = { kty, ...(crv !== undefined && { crv }), ...Object.fromEntries(named) } as JWK;
  return (await importJWK(plain, alg)) as CryptoKey;
}

/** A member that holds bytes, in its one canonical spelling. */
function bytesOf(jwk: IssuerJwk, { name, minBytes, maxBytes }: KeyMember): Uint8Array {
  const value = jwk[name];
  const isBounded = typeof value === "string" && value.length <= Math.ceil((maxBytes * 4) / 3);
  const bytes = isBounded ? decodeBase64Url(value) : undefined;
  if (bytes === undefined || bytes.length < minBytes)
    throw unsupported(`its "${name}" is malformed, too short or too long`);
  return bytes;
}

const unsupported = (reason: string): AAuthVerificationError =>
  new AAuthVerificationError("unsupported_key", `the issuer's key is ${reason}`);
