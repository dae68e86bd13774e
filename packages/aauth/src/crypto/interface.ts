/**
 * What this package asks of a platform's cryptography. `node.ts` and `web.ts` implement it; everything else imports
 * the implementation as `#crypto` and never names a platform.
 *
 * @module
 */

/** A value, or a promise of it where the platform's cryptography is asynchronous. */
export type Awaitable<T> = T | Promise<T>;

export type DigestAlgorithm = "sha-256" | "sha-512";

/** A private Ed25519 key, imported once. */
export interface Ed25519Signer {
  /** The 64-byte signature of `data`. */
  sign(data: Uint8Array): Awaitable<Uint8Array>;
}

/** A public Ed25519 key, imported once. */
export interface Ed25519Verifier {
  verify(data: Uint8Array, signature: Uint8Array): Awaitable<boolean>;
  /** The same off the calling thread: for servers, whose event loop must not stand still for a verification. */
  verifyOnPool(data: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

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
}
