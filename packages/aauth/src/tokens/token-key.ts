/**
 * Public keys that verify tokens.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { decodeBase64Url } from "../base64.ts";
import type { Awaitable, SignatureVerifier } from "../crypto/interface.ts";
import { AAuthError } from "../errors.ts";
import { importVerificationKey, PRIVATE_MEMBERS } from "../keys/verification-key.ts";
import type { TokenAlgorithm } from "../profile.ts";
import type { IssuerJwk } from "../types.ts";

const KEY_TYPES: Readonly<Record<TokenAlgorithm, string>> = { RS256: "RSA", ES256: "EC", EdDSA: "OKP" };
const CURVES: Readonly<Record<TokenAlgorithm, string | undefined>> = {
  RS256: undefined,
  ES256: "P-256",
  EdDSA: "Ed25519",
};
const COORDINATE_BYTES = 32;
/** Four bytes in base64url. */
const MAX_EXPONENT_CHARACTERS = 6;
/** 4096 bits in base64url. */
const MAX_MODULUS_CHARACTERS = 683;

/** Whether a published key is meant for `alg`. A key says so by its type and curve, and no word of it says otherwise. */
export function isKeyFor(jwk: IssuerJwk, alg: TokenAlgorithm): boolean {
  if (jwk.kty !== KEY_TYPES[alg] || (jwk.use !== undefined && jwk.use !== "sig")) return false;
  if (CURVES[alg] !== undefined && jwk.crv !== CURVES[alg]) return false;
  if (Array.isArray(jwk.key_ops) && !jwk.key_ops.includes("verify")) return false;
  const named = alg === "EdDSA" && jwk.alg === "Ed25519" ? "EdDSA" : jwk.alg; // RFC 9864 renames it
  return named === undefined || named === alg;
}

/**
 * Imports a published key that {@link isKeyFor} `alg`.
 *
 * @throws AAuthError `unsupported_key` for a member that is missing or malformed, private members, or a point of small
 *   order; Error of the platform for a modulus below 2048 bits or a point off its curve.
 */
export function importTokenKey(jwk: IssuerJwk, alg: TokenAlgorithm): Awaitable<SignatureVerifier> {
  if (PRIVATE_MEMBERS.some((member) => Object.hasOwn(jwk, member))) {
    throw new AAuthError("unsupported_key", "the key carries private members");
  }
  switch (alg) {
    case "RS256": {
      const [n, e] = [bytesOf(jwk, "n"), bytesOf(jwk, "e")];
      // What a verification costs goes by both, which strangers choose: everybody's exponent is 65537.
      if (!(e.length <= MAX_EXPONENT_CHARACTERS)) {
        throw new AAuthError("unsupported_key", 'the key\'s "e" is longer than 32 bits');
      }
      if (!(n.length <= MAX_MODULUS_CHARACTERS)) {
        throw new AAuthError("unsupported_key", 'the key\'s "n" is longer than 4096 bits');
      }
      return platformCrypto.importTokenKey({ kty: "RSA", n, e });
    }
    case "ES256": {
      const [x, y] = [bytesOf(jwk, "x", COORDINATE_BYTES), bytesOf(jwk, "y", COORDINATE_BYTES)];
      return platformCrypto.importTokenKey({ kty: "EC", crv: "P-256", x, y });
    }
    case "EdDSA":
      return importVerificationKey({ kty: "OKP", crv: "Ed25519", x: jwk.x });
  }
}

/** A member that holds bytes, in the one spelling it may have. */
function bytesOf(jwk: IssuerJwk, name: string, length?: number): string {
  const value = jwk[name];
  const bytes = typeof value === "string" ? decodeBase64Url(value) : undefined;
  if (bytes === undefined || bytes.length === 0 || (length !== undefined && bytes.length !== length)) {
    throw new AAuthError("unsupported_key", `the key's "${name}" is malformed`);
  }
  return value as string;
}
