/**
 * What this package asks of a platform's cryptography. `node.ts`, `sodium.ts` and `web.ts` implement it; everything
 * else imports the implementation as `#crypto` and never names a platform.
 *
 * @module
 */

import type { TokenAlgorithm } from "../profile.ts";

/** A value, or a promise of it where the platform's cryptography is asynchronous. */
export type Awaitable<T> = T | Promise<T>;

/** RFC 7518 section 3.3. */
export const MIN_RSA_BITS = 2048;

export type DigestAlgorithm = "sha-256" | "sha-512";

/** A private Ed25519 key, imported once. */
export interface Ed25519Signer {
  /** The 64-byte signature of `data`. */
  sign(data: Uint8Array): Awaitable<Uint8Array>;
}

/** A private key that signs tokens, imported once. */
export interface TokenSigningKey {
  /** The raw JWS signature of `data`. On Node off the calling thread, with the exception of {@link Ed25519Verifier.verifyOnPool}. */
  sign(data: Uint8Array): Awaitable<Uint8Array>;
}

/** A public key, imported once. */
export interface SignatureVerifier {
  verify(data: Uint8Array, signature: Uint8Array): Awaitable<boolean>;
}

export interface Ed25519Verifier extends SignatureVerifier {
  /**
   * The same for servers, whose event loop must not stand still for one verification after the other: off the calling
   * thread, except for the first of a turn of the event loop while the pool is idle, where it would only wait for being handed over, or
   * has more than it can do, where it would only wait.
   */
  verifyOnPool(data: Uint8Array, signature: Uint8Array): Awaitable<boolean>;
}

/** A public key that signs tokens beside Ed25519 ones, as a JWK with the members of the key only, in canonical base64url. */
export type TokenJwk =
  | { readonly kty: "RSA"; readonly n: string; readonly e: string }
  /** Both coordinates have 32 bytes. */
  | { readonly kty: "EC"; readonly crv: "P-256"; readonly x: string; readonly y: string };

/** A public Ed25519 key as a JWK whose `x` is known to be 32 bytes in canonical base64url. */
export interface Ed25519Jwk {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
}

export interface PlatformCrypto {
  digest(
    algorithm: DigestAlgorithm,
    data: Uint8Array | string,
    encoding: "base64" | "base64url" | "hex",
  ): Awaitable<string>;
  randomBytes(lengthBytes: number): Uint8Array;
  /** The bytes of a text known to be ASCII, such as a signature base. */
  encodeAscii(text: string): Uint8Array;
  /** A fresh key pair; `x` is the public half as in a JWK. */
  generateEd25519(): Promise<Ed25519Signer & { readonly x: string }>;
  /** Imports a private key whose `d` is 32 bytes in base64url. Does not promise to compare the halves. */
  importEd25519Private(jwk: Ed25519Jwk & { readonly d: string }): Promise<Ed25519Signer>;
  importEd25519Public(jwk: Ed25519Jwk): Awaitable<Ed25519Verifier>;
  /**
   * Imports a public key that verifies RS256 (RSA) or ES256 (EC; a signature is 64 bytes, RFC 7518 section 3.4).
   *
   * @throws Error when the platform refuses the key, or a modulus has fewer than 2048 bits.
   */
  importTokenKey(jwk: TokenJwk): Awaitable<SignatureVerifier>;
  /**
   * Imports a private key that signs tokens.
   *
   * @param jwk the members of the key only
   * @throws Error when it is not one for `alg`.
   */
  importTokenSigner(jwk: Readonly<Record<string, unknown>>, alg: TokenAlgorithm): Awaitable<TokenSigningKey>;
}
