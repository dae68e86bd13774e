import { platformCrypto } from "#crypto";
import { decodeBase64Url } from "../base64.ts";
import type { JwsAlgorithm, JwsVerifier } from "../crypto/interface.ts";
import { AAuthError } from "../errors.ts";
import type { IssuerJwk } from "../types.ts";
import { importVerificationKey, PRIVATE_MEMBERS } from "./verification-key.ts";

/** RFC 7518 section 3.3: a smaller RSA key must not be used. The upper bound keeps a verification cheap. */
const RSA_MIN_BYTES = 256;
const RSA_MAX_BYTES = 1024;

/**
 * Imports an issuer's public key for verifying tokens with one algorithm. Only the members that make the key are
 * used: what else stands in the JWK cannot change what it is good for.
 *
 * @param jwk RSA of 2048 to 8192 bits for RS256, EC P-256 for ES256, OKP Ed25519 for EdDSA
 * @param algorithm the token's `alg`, already found on the allow-list
 * @throws {AAuthError} `unsupported_key` when the key is not one for the algorithm, is for another use, or is malformed
 *
 * Does NOT check whose key it is.
 */
export async function importIssuerKey(jwk: IssuerJwk, algorithm: JwsAlgorithm): Promise<JwsVerifier> {
  // RFC 9864 gives EdDSA on this curve the name of the curve.
  const named = jwk.alg === "Ed25519" ? "EdDSA" : jwk.alg;
  if (named !== undefined && named !== algorithm) throw unsupported("the key is for another algorithm");
  if (jwk.use !== undefined && jwk.use !== "sig") throw unsupported("the key is not for signatures");
  if (algorithm === "EdDSA") return importVerificationKey(jwk);
  if (PRIVATE_MEMBERS.some((member) => Object.hasOwn(jwk, member))) {
    throw unsupported("the key carries private members");
  }
  const { kty } = jwk;
  const key = algorithm === "RS256" ? rsaMembers(jwk) : ecMembers(jwk);
  try {
    return await platformCrypto.importJws({ kty, ...key }, algorithm);
  } catch (cause) {
    throw new AAuthError("unsupported_key", "the platform refuses the key", { cause });
  }
}

function rsaMembers({ kty, n, e }: IssuerJwk): { n: string; e: string } {
  const size = bytesOf(n)?.length ?? 0;
  if (kty !== "RSA" || typeof n !== "string" || typeof e !== "string" || !bytesOf(e)) {
    throw unsupported("the key is not RSA");
  }
  if (size < RSA_MIN_BYTES || size > RSA_MAX_BYTES)
    throw unsupported("the RSA key has not 2048 to 8192 bits");
  return { n, e };
}

function ecMembers({ kty, crv, x, y }: IssuerJwk): { crv: string; x: string; y: string } {
  if (kty !== "EC" || crv !== "P-256" || typeof x !== "string" || typeof y !== "string") {
    throw unsupported("the key is not EC on P-256");
  }
  return { crv, x, y };
}

const bytesOf = (value: unknown): Uint8Array | undefined =>
  typeof value === "string" ? decodeBase64Url(value) : undefined;

const unsupported = (reason: string): AAuthError => new AAuthError("unsupported_key", reason);
