/**
 * WebCrypto of browsers and workers. Private keys are non-extractable.
 *
 * @module
 */

import { encodeBase64, encodeBase64Url } from "../base64.ts";
import type { KeyAlgorithm, PublicJwk } from "../types.ts";
import { MIN_RSA_BITS, type PlatformCrypto, type Signer, type Verifier } from "./interface.ts";

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;
type KeyPair = { readonly publicKey: Key; readonly privateKey: Key };
const utf8 = new TextEncoder();

const ED25519 = { name: "Ed25519" };
const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const ALGORITHMS = { Ed25519: ED25519, EdDSA: ED25519, ES256: P256, RS256: RSA } as const;

/** WebCrypto requires a view of unshared memory, which the types of this package do not express. */
const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>;

const encoders = {
  base64: encodeBase64,
  base64url: encodeBase64Url,
  hex: (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),
};

const algorithmOf = ({ kty }: PublicJwk) => (kty === "EC" ? P256 : ED25519);

const signerOf = (key: Key, algorithm: typeof P256 | typeof ED25519 | typeof RSA): Signer => ({
  sign: async (data) => new Uint8Array(await crypto.subtle.sign(algorithm, key, own(data))),
});

function requireRsaBits({ algorithm }: Key): void {
  const { modulusLength: bits = MIN_RSA_BITS } = algorithm as { modulusLength?: number };
  if (bits < MIN_RSA_BITS)
    throw new RangeError(`the RSA key has ${bits} bits; RS256 needs at least ${MIN_RSA_BITS}`);
}

export const platformCrypto: PlatformCrypto = {
  async digest(algorithm, data, encoding) {
    const bytes = typeof data === "string" ? utf8.encode(data) : own(data);
    return encoders[encoding](new Uint8Array(await crypto.subtle.digest(algorithm.toUpperCase(), bytes)));
  },
  randomBytes: (lengthBytes) => crypto.getRandomValues(new Uint8Array(lengthBytes)),
  encodeAscii: (text) => utf8.encode(text),
  async generateKey(alg: KeyAlgorithm) {
    const algorithm = ALGORITHMS[alg];
    const pair = (await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"])) as KeyPair;
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    const publicJwk = (kty === "EC" ? { kty, crv, x, y } : { kty, crv, x }) as PublicJwk;
    return { ...signerOf(pair.privateKey, algorithm), publicJwk };
  },
  async importPrivateKey(jwk) {
    const algorithm = algorithmOf(jwk);
    return signerOf(await crypto.subtle.importKey("jwk", { ...jwk }, algorithm, false, ["sign"]), algorithm);
  },
  async importPublicKey(jwk): Promise<Verifier> {
    const algorithm = algorithmOf(jwk);
    const key = await crypto.subtle.importKey("jwk", { ...jwk }, algorithm, false, ["verify"]);
    const verify = async (data: Uint8Array, signature: Uint8Array) =>
      crypto.subtle.verify(algorithm, key, own(signature), own(data));
    return { verify, verifyOnPool: verify };
  },
  async importTokenSigner(jwk, alg) {
    const algorithm = ALGORITHMS[alg];
    const key = await crypto.subtle.importKey("jwk", { ...jwk }, algorithm, false, ["sign"]);
    requireRsaBits(key);
    return signerOf(key, algorithm);
  },
};
