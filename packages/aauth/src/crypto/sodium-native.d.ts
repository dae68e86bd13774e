/**
 * Types for the functions that `sodium.ts` uses; the package has none. Buffers are filled in place.
 */
declare module "sodium-native" {
  interface Sodium {
    crypto_sign_keypair(publicKey: Uint8Array, secretKey: Uint8Array): void;
    crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
    crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
    /** Reads only the first 64 bytes of a longer signature. */
    crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
    sodium_malloc(lengthBytes: number): Uint8Array;
    sodium_memzero(buffer: Uint8Array): void;
  }
  const sodium: Sodium;
  export default sodium;
}
