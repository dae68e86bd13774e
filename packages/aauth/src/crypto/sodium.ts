/**
 * Node's cryptography with Ed25519 by libsodium, which signs in 60% and verifies in 50% of the
 * time. Used only if the process runs with `--conditions=aauth-sodium` and the native package
 * `sodium-native` is installed.
 *
 * @module
 */

import sodium from "sodium-native";
import type { PlatformCrypto, Signer, Verifier } from "./interface.ts";
import { platformCrypto as node } from "./node.ts";

const PUBLIC_KEY_BYTES = 32;
const SECRET_KEY_BYTES = 64;
const SIGNATURE_BYTES = 64;

/**
 * The secret key is in memory that is never swapped, is enclosed by guard pages, and is wiped when
 * freed.
 */
function createSigner(fill: (publicKey: Uint8Array, secretKey: Uint8Array) => void) {
  const publicKey = Buffer.alloc(PUBLIC_KEY_BYTES);
  const secretKey = sodium.sodium_malloc(SECRET_KEY_BYTES);
  fill(publicKey, secretKey);
  const signer: Signer = {
    sign(data) {
      const signature = Buffer.alloc(SIGNATURE_BYTES);
      sodium.crypto_sign_detached(signature, data, secretKey);
      return signature;
    },
  };
  return { signer, x: publicKey.toString("base64url") };
}

function verifierOf(key: Uint8Array): Verifier {
  // Only the first 64 bytes of a longer signature would be verified.
  const verify = (data: Uint8Array, signature: Uint8Array) =>
    signature.byteLength === SIGNATURE_BYTES && sodium.crypto_sign_verify_detached(signature, data, key);
  // Offloading to the pool would take longer than the operation.
  return { verify, verifyOnPool: verify };
}

export const platformCrypto: PlatformCrypto = {
  ...node,
  async generateKey(alg) {
    if (alg !== "Ed25519") return node.generateKey(alg);
    const { signer, x } = createSigner((publicKey, secretKey) =>
      sodium.crypto_sign_keypair(publicKey, secretKey),
    );
    return { ...signer, publicJwk: { kty: "OKP", crv: "Ed25519", x } };
  },
  async importPrivateKey(jwk) {
    if (jwk.kty !== "OKP") return node.importPrivateKey(jwk);
    const seed = Buffer.from(jwk.d, "base64url");
    try {
      return createSigner((publicKey, secretKey) =>
        sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed),
      ).signer;
    } finally {
      sodium.sodium_memzero(seed);
    }
  },
  importPublicKey: (jwk) =>
    jwk.kty === "OKP" ? verifierOf(Buffer.from(jwk.x, "base64url")) : node.importPublicKey(jwk),
};
