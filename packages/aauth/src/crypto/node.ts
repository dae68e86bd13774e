/**
 * Node's cryptography, synchronous, with key objects that are imported once: an import takes up to
 * a fifth of the time of a verification. Keys are imported as JWK, which is fast in every version
 * of Node.
 *
 * @module
 */

import "../supported-node.ts";
import nodeCrypto, {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomFillSync,
  sign,
  verify,
} from "node:crypto";
import type { PublicJwk, TokenAlgorithm } from "../types.ts";
import type { PlatformCrypto, Signer, Verifier } from "./interface.ts";
import { MIN_RSA_BITS } from "./interface.ts";
import { createOffloader } from "./offload.ts";

// Not a named import, which would fail to link on an older Node before its version is reported.
const { hash } = nodeCrypto;

/**
 * Pool of random bytes, so that one system call serves many nonces; a call for each would be ten
 * times slower.
 */
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

/** JOSE and RFC 9421 encode ECDSA signatures as r and s, not as DER. */
const RAW = "ieee-p1363";
const hashFor = (key: KeyObject) => (key.asymmetricKeyType === "ed25519" ? null : "sha256");

function signerOf(key: KeyObject): Signer {
  const [digest, input] = [hashFor(key), { key, dsaEncoding: RAW } as const];
  return { sign: (data) => sign(digest, data, input) };
}

const offloadVerifying = createOffloader();
/** A separate scheduler, because a party that issues a token has just verified a request. */
const offloadSigning = createOffloader();

function verifierOf(key: KeyObject): Verifier {
  const digest = hashFor(key);
  const input = digest === null ? key : ({ key, dsaEncoding: RAW } as const);
  return {
    verify: (data, signature) => verify(digest, data, input, signature),
    verifyOnPool: (data, signature) =>
      offloadVerifying(
        () => verify(digest, data, input, signature),
        (done) => verify(digest, data, input, signature, done),
      ),
  };
}

const PRIVATE_KEY_TYPES = { RS256: "rsa", ES256: "ec", EdDSA: "ed25519", Ed25519: "ed25519" } as const;

function tokenSignerOf(jwk: Readonly<Record<string, unknown>>, alg: TokenAlgorithm): Signer {
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  const isP256 = key.asymmetricKeyDetails?.namedCurve === "prime256v1";
  if (key.asymmetricKeyType !== PRIVATE_KEY_TYPES[alg] || (alg === "ES256" && !isP256)) {
    throw new TypeError(`the key is not a private key for ${alg}`);
  }
  const { modulusLength: bits = MIN_RSA_BITS } = key.asymmetricKeyDetails ?? {};
  if (bits < MIN_RSA_BITS)
    throw new RangeError(`the RSA key has ${bits} bits; ${alg} needs at least ${MIN_RSA_BITS}`);
  const [digest, input] = [hashFor(key), { key, dsaEncoding: RAW } as const];
  return {
    sign: (data) =>
      offloadSigning<Uint8Array>(
        () => sign(digest, data, input),
        (done) => sign(digest, data, input, done),
      ),
  };
}

export const platformCrypto: PlatformCrypto = {
  digest: (algorithm, data, encoding) => hash(algorithm === "sha-256" ? "sha256" : "sha512", data, encoding),
  randomBytes,
  encodeAscii: (text) => Buffer.from(text, "latin1"),
  async generateKey(alg) {
    const { publicKey, privateKey } =
      alg === "ES256" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");
    return { ...signerOf(privateKey), publicJwk: publicKey.export({ format: "jwk" }) as PublicJwk };
  },
  importPrivateKey: async (jwk) => signerOf(createPrivateKey({ key: { ...jwk }, format: "jwk" })),
  importPublicKey: (jwk) => verifierOf(createPublicKey({ key: { ...jwk }, format: "jwk" })),
  importTokenSigner: tokenSignerOf,
};
