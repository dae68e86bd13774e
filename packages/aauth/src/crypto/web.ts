/**
 * Cryptography of the browser (WebCrypto). Private keys are imported or made non-extractable.
 *
 * @module
 */

import { encodeBase64, encodeBase64Url } from "../base64.ts";
import {
  type Ed25519Signer,
  type Ed25519Verifier,
  MIN_RSA_BITS,
  type PlatformCrypto,
  type SignatureVerifier,
  type TokenJwk,
} from "./interface.ts";

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;
type KeyPair = { readonly publicKey: Key; readonly privateKey: Key };
const utf8 = new TextEncoder();
const ALGORITHM = { name: "Ed25519" };

/** WebCrypto wants a view that is not over shared memory, which the types of this package do not promise. */
const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>;

const encoders = {
  base64: encodeBase64,
  base64url: encodeBase64Url,
  hex: (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),
};

const signerOf = (key: Key): Ed25519Signer => ({
  sign: async (data) => new Uint8Array(await crypto.subtle.sign(ALGORITHM, key, own(data))),
});

function verifierOf(key: Key): Ed25519Verifier {
  const verify = async (data: Uint8Array, signature: Uint8Array) =>
    crypto.subtle.verify(ALGORITHM, key, own(signature), own(data));
  return { verify, verifyOnPool: verify };
}

const TOKEN_KEYS = {
  RSA: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  EC: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
} as const;

function requireRsaBits({ algorithm }: Key): void {
  const { modulusLength: bits = MIN_RSA_BITS } = algorithm as { modulusLength?: number };
  if (bits < MIN_RSA_BITS) throw new RangeError(`an RSA key of ${bits} bits; RS256 needs ${MIN_RSA_BITS}`);
}

async function tokenVerifierOf(jwk: TokenJwk): Promise<SignatureVerifier> {
  const algorithm = TOKEN_KEYS[jwk.kty];
  const key = await crypto.subtle.importKey("jwk", { ...jwk }, algorithm, false, ["verify"]);
  requireRsaBits(key);
  return { verify: (data, signature) => crypto.subtle.verify(algorithm, key, own(signature), own(data)) };
}

const TOKEN_SIGNERS = {
  RS256: { import: TOKEN_KEYS.RSA, sign: TOKEN_KEYS.RSA },
  ES256: { import: TOKEN_KEYS.EC, sign: TOKEN_KEYS.EC },
  EdDSA: { import: ALGORITHM, sign: ALGORITHM },
} as const;

export const platformCrypto: PlatformCrypto = {
  async digest(algorithm, data, encoding) {
    const bytes = typeof data === "string" ? utf8.encode(data) : own(data);
    return encoders[encoding](new Uint8Array(await crypto.subtle.digest(algorithm.toUpperCase(), bytes)));
  },
  randomBytes: (lengthBytes) => crypto.getRandomValues(new Uint8Array(lengthBytes)),
  encodeAscii: (text) => utf8.encode(text),
  async generateEd25519() {
    // For Ed25519 always a pair; the types know it for other names only.
    const pair = (await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"])) as KeyPair;
    const { x } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    return { ...signerOf(pair.privateKey), x: String(x) };
  },
  async importEd25519Private({ kty, crv, x, d }) {
    return signerOf(await crypto.subtle.importKey("jwk", { kty, crv, x, d }, ALGORITHM, false, ["sign"]));
  },
  async importEd25519Public({ kty, crv, x }) {
    return verifierOf(await crypto.subtle.importKey("jwk", { kty, crv, x }, ALGORITHM, false, ["verify"]));
  },
  importTokenKey: tokenVerifierOf,
  async importTokenSigner(jwk, alg) {
    const { import: importing, sign } = TOKEN_SIGNERS[alg];
    const key = await crypto.subtle.importKey("jwk", { ...jwk }, importing, false, ["sign"]);
    requireRsaBits(key);
    return { sign: async (data) => new Uint8Array(await crypto.subtle.sign(sign, key, own(data))) };
  },
};
