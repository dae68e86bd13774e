import { platformCrypto } from "#crypto";
import { decodeBase64Url } from "../base64.ts";
import type { Ed25519Signer } from "../crypto/interface.ts";
import { AAuthError } from "../errors.ts";
import type { SigningKey } from "../types.ts";
import { importVerificationKey } from "./verification-key.ts";

/** A private Ed25519 key as a JWK (RFC 8037 section 2). */
export interface PrivateJwk {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  /** 32 bytes, base64url without padding. */
  readonly x: string;
  /** 32 bytes, base64url without padding. Never leaves the process that owns it. */
  readonly d: string;
  readonly kid?: string;
}

/**
 * Makes a fresh Ed25519 key. The private half cannot be read back.
 *
 * @param options.kid key id under which the owner publishes it; unique within its JWKS
 * @throws {TypeError} when there is no `kid`, or `Signature-Key` cannot carry it
 *
 * @example
 * const key = await generateSigningKey({ kid: "backend-ephemeral-1" });
 */
export async function generateSigningKey(options: { readonly kid: string }): Promise<SigningKey> {
  requireKid(options?.kid);
  const pair = await platformCrypto.generateEd25519();
  return signingKeyOf(pair, pair.x, options.kid);
}

/**
 * Imports a private Ed25519 key, once, at start-up.
 *
 * @param jwk the key with its public half; of a PEM, `createPrivateKey(pem).export({ format: "jwk" })` of `node:crypto` makes one
 * @param options.kid overrides the key's own `kid`; without either the RFC 7638 thumbprint is the id
 * @throws {AAuthError} `unsupported_key`: another kind of key, a half that is not 32 bytes in canonical base64url, or
 *   halves that do not belong together
 * @throws {TypeError} when `kid` is no text, or empty, or `Signature-Key` cannot carry it
 *
 * @example
 * const key = await importSigningKey(JSON.parse(await readFile("key.json", "utf8")), { kid: "key-1" });
 */
export async function importSigningKey(
  jwk: PrivateJwk,
  options: { readonly kid?: string } = {},
): Promise<SigningKey> {
  const { kty, crv, x, d, kid } = readable(jwk);
  const verification = await importVerificationKey({ kty, crv, x });
  if (typeof d !== "string" || decodeBase64Url(d)?.length !== 32) {
    const reason = d === undefined ? "the key has no private half" : '"d" is not 32 bytes in base64url';
    throw new AAuthError("unsupported_key", reason);
  }
  const signer = await importPrivate({ kty, crv, x, d });
  const probe = new TextEncoder().encode("do both halves belong together?");
  if (!(await verification.verify(probe, await signer.sign(probe)))) {
    throw new AAuthError("unsupported_key", '"x" is not the public half of "d"');
  }
  const name = options.kid ?? kid ?? verification.thumbprint;
  requireKid(name);
  return signingKeyOf(signer, x, name);
}

function readable(jwk: PrivateJwk): PrivateJwk {
  if (typeof jwk !== "object" || jwk === null) {
    throw new AAuthError("unsupported_key", "the key is not a JWK: an object is wanted, no text and no PEM");
  }
  if ("keys" in jwk) throw new AAuthError("unsupported_key", "a key set is no key: give one of its keys");
  return jwk;
}

/** What a value in `Signature-Key` may hold (profile 1.1). */
const CARRIED = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;

function requireKid(kid: unknown): void {
  if (typeof kid !== "string" || kid === "") {
    throw new TypeError("kid must be given: the id under which the key is published");
  }
  if (CARRIED.test(kid)) return;
  throw new TypeError('kid must be printable ASCII without " and \\: Signature-Key carries nothing else');
}

async function importPrivate(jwk: PrivateJwk): Promise<Ed25519Signer> {
  try {
    return await platformCrypto.importEd25519Private(jwk);
  } catch {
    // No cause: a platform's message may quote the key.
    throw new AAuthError("unsupported_key", "the platform refuses the private key");
  }
}

async function signingKeyOf(signer: Ed25519Signer, x: string, kid: string): Promise<SigningKey> {
  const { publicJwk, thumbprint } = await importVerificationKey({ kty: "OKP", crv: "Ed25519", x });
  return { kid, publicJwk: { ...publicJwk, kid }, thumbprint, sign: signer.sign };
}
