/**
 * What this package asks of a platform's cryptography. `node.ts`, `sodium.ts` and `web.ts`
 * implement it; everything else imports the implementation as `#crypto` and never names a platform.
 *
 * @module
 */

import type { KeyAlgorithm, PublicJwk, TokenAlgorithm } from "../types.ts";

/** A value, or a promise of it where the platform's cryptography is asynchronous. */
export type Awaitable<T> = T | Promise<T>;

/** RFC 7518 section 3.3. */
export const MIN_RSA_BITS = 2048;

export type DigestAlgorithm = "sha-256" | "sha-512";

/** A private key, imported once. */
export interface Signer {
  /** The signature of `data`: 64 bytes for Ed25519 and ES256, for RS256 as long as the modulus. */
  sign(data: Uint8Array): Awaitable<Uint8Array>;
}

/** A public key of messages, imported once. */
export interface Verifier {
  verify(data: Uint8Array, signature: Uint8Array): Awaitable<boolean>;
  /**
   * The same for servers, whose event loop must not stand still for one verification after the
   * other: off the calling thread, except for the first of a turn of the event loop while the pool
   * is idle, where it would only wait for being handed over, or has more than it can do, where it
   * would only wait.
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
  /** Makes a key pair; the private half cannot be read back. */
  generateKey(alg: KeyAlgorithm): Promise<Signer & { readonly publicJwk: PublicJwk }>;
  /**
   * Imports a private key whose members are known to be canonical base64url. Does not promise to
   * compare the halves.
   */
  importPrivateKey(jwk: PublicJwk & { readonly d: string }): Promise<Signer>;
  /** Imports a public key whose coordinates are known to be 32 bytes in canonical base64url. */
  importPublicKey(jwk: PublicJwk): Awaitable<Verifier>;
  /**
   * Imports a private key that signs tokens. On Node it signs off the calling thread, with the
   * exception of {@link Verifier.verifyOnPool}.
   *
   * @param jwk the members of the key only
   * @throws Error when it is not one for `alg`
   */
  importTokenSigner(jwk: Readonly<Record<string, unknown>>, alg: TokenAlgorithm): Awaitable<Signer>;
}
