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
import type { TokenAlgorithm } from "../profile.ts";
import type {
  Ed25519Signer,
  Ed25519Verifier,
  PlatformCrypto,
  SignatureVerifier,
  TokenJwk,
  TokenSigningKey,
} from "./interface.ts";
import { MIN_RSA_BITS } from "./interface.ts";
import { createTurns } from "./turns.ts";

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

const inTurnOfVerifying = createTurns();
/** Of its own: whoever issues a token has verified a request a moment before. */
const inTurnOfSigning = createTurns();

function verifierOf(key: KeyObject): Ed25519Verifier {
  return {
    verify: (data, signature) => verify(null, data, key, signature),
    verifyOnPool: (data, signature) =>
      inTurnOfVerifying(
        () => verify(null, data, key, signature),
        (done) => verify(null, data, key, signature, done),
      ),
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

const PRIVATE_KEY_TYPES = { RS256: "rsa", ES256: "ec", EdDSA: "ed25519" } as const;

function tokenSignerOf(jwk: Readonly<Record<string, unknown>>, alg: TokenAlgorithm): TokenSigningKey {
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  const isP256 = key.asymmetricKeyDetails?.namedCurve === "prime256v1";
  if (key.asymmetricKeyType !== PRIVATE_KEY_TYPES[alg] || (alg === "ES256" && !isP256)) {
    throw new TypeError(`not a private key for ${alg}`);
  }
  const { modulusLength: bits = MIN_RSA_BITS } = key.asymmetricKeyDetails ?? {};
  if (bits < MIN_RSA_BITS) throw new RangeError(`an RSA key of ${bits} bits; ${alg} needs ${MIN_RSA_BITS}`);
  const digest = alg === "EdDSA" ? null : "sha256";
  const input = { key, dsaEncoding: "ieee-p1363" } as const;
  return {
    sign: (data) =>
      inTurnOfSigning<Uint8Array>(
        () => sign(digest, data, input),
        (done) => sign(digest, data, input, done),
      ),
  };
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
  importTokenSigner: tokenSignerOf,
};
