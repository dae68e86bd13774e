/**
 * Interface to a platform's cryptography. `node.ts`, `sodium.ts` and `web.ts` implement it; all
 * other code imports the implementation as `#crypto`.
 *
 * @module
 */

import type { KeyAlgorithm, PublicJwk, TokenAlgorithm } from "../types.ts";

/** A value, or a promise on platforms with asynchronous cryptography. */
export type Awaitable<T> = T | Promise<T>;

/** RFC 7518 section 3.3. */
export const MIN_RSA_BITS = 2048;

export type DigestAlgorithm = "sha-256" | "sha-512";

/** An imported private key. */
export interface Signer {
  /**
   * The signature of `data`: 64 bytes for Ed25519 and ES256, for RS256 the length of the modulus.
   */
  sign(data: Uint8Array): Awaitable<Uint8Array>;
}

/** An imported public key. */
export interface Verifier {
  verify(data: Uint8Array, signature: Uint8Array): Awaitable<boolean>;
  /**
   * Verifies off the calling thread, so that a server's event loop is not blocked. The first
   * verification in a turn of the event loop runs on the calling thread if the pool is idle or
   * overloaded, because offloading would then only add latency.
   */
  verifyOnPool(data: Uint8Array, signature: Uint8Array): Awaitable<boolean>;
}

export interface PlatformCrypto {
  digest(
    algorithm: DigestAlgorithm,
    data: Uint8Array | string,
    encoding: "base64" | "base64url" | "hex",
  ): Awaitable<string>;
  randomBytes(lengthBytes: number): Uint8Array;
  /** The bytes of a string known to be ASCII, such as a signature base. */
  encodeAscii(text: string): Uint8Array;
  /** Generates a key pair. The private half cannot be exported. */
  generateKey(alg: KeyAlgorithm): Promise<Signer & { readonly publicJwk: PublicJwk }>;
  /**
   * Imports a private key whose members are canonical base64url. May not check that the halves
   * match.
   */
  importPrivateKey(jwk: PublicJwk & { readonly d: string }): Promise<Signer>;
  /** Imports a public key whose coordinates are 32 bytes in canonical base64url. */
  importPublicKey(jwk: PublicJwk): Awaitable<Verifier>;
  /**
   * Imports a private key that signs tokens. On Node it signs off the calling thread, by the rule
   * of {@link Verifier.verifyOnPool}.
   *
   * @param jwk the members of the key only
   * @throws Error if it is not a key for `alg`
   */
  importTokenSigner(jwk: Readonly<Record<string, unknown>>, alg: TokenAlgorithm): Awaitable<Signer>;
}
