/**
 * Cryptography of Node, synchronous, with key objects that are imported once: importing costs up to a fifth of a
 * verification. Keys come in as JWK, whose import no version of Node makes dear; DER and PEM cost 70 us on Node 20.
 *
 * @module
 */

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  randomFillSync,
  sign,
  verify,
} from "node:crypto";
import type {
  Ed25519Signer,
  Ed25519Verifier,
  PlatformCrypto,
  SignatureVerifier,
  TokenJwk,
} from "./interface.ts";
import { MIN_RSA_BITS } from "./interface.ts";

/** One system call serves many nonces: a call for 16 bytes costs ten times what it takes to cut them off here. */
const POOL_BYTES = 4096;
const pool = Buffer.alloc(POOL_BYTES);
let poolUsed = POOL_BYTES;

function randomBytes(lengthBytes: number): Uint8Array {
  if (lengthBytes > POOL_BYTES) return randomFillSync(new Uint8Array(lengthBytes));
  if (poolUsed + lengthBytes > POOL_BYTES) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  const end = poolUsed + lengthBytes;
  const bytes = new Uint8Array(pool.subarray(poolUsed, end));
  pool.fill(0, poolUsed, end);
  poolUsed = end;
  return bytes;
}

const signerOf = (key: KeyObject): Ed25519Signer => ({ sign: (data) => sign(null, data, key) });

/** Whether a verification has been done on this thread in this turn of the event loop, or is under way on the pool. */
let hasVerified = false;
let onPool = 0;
const endTurn = () => {
  hasVerified = false;
};

function verifierOf(key: KeyObject): Ed25519Verifier {
  return {
    verify: (data, signature) => verify(null, data, key, signature),
    verifyOnPool(data, signature) {
      if (!hasVerified && onPool === 0) {
        hasVerified = true;
        setImmediate(endTurn);
        return verify(null, data, key, signature);
      }
      onPool++;
      return new Promise((resolve, reject) => {
        verify(null, data, key, signature, (error, valid) => {
          onPool--;
          if (error) reject(error);
          else resolve(valid);
        });
      });
    },
  };
}

function tokenVerifierOf(jwk: TokenJwk): SignatureVerifier {
  const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
  if (jwk.kty === "RSA") {
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    if (bits < MIN_RSA_BITS) throw new RangeError(`an RSA key of ${bits} bits`);
    return { verify: (data, signature) => verify("sha256", data, key, signature) };
  }
  const input = { key, dsaEncoding: "ieee-p1363" } as const;
  return { verify: (data, signature) => verify("sha256", data, input, signature) };
}

export const platformCrypto: PlatformCrypto = {
  digest: (algorithm, data, encoding) => hash(algorithm === "sha-256" ? "sha256" : "sha512", data, encoding),
  randomBytes,
  encodeAscii: (text) => Buffer.from(text, "latin1"),
  async generateEd25519() {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    return { ...signerOf(privateKey), x: String(publicKey.export({ format: "jwk" }).x) };
  },
  async importEd25519Private({ kty, crv, x, d }) {
    return signerOf(createPrivateKey({ key: { kty, crv, x, d }, format: "jwk" }));
  },
  importEd25519Public({ kty, crv, x }) {
    return verifierOf(createPublicKey({ key: { kty, crv, x }, format: "jwk" }));
  },
  importTokenKey: tokenVerifierOf,
};
