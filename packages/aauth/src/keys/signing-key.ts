import { platformCrypto } from "#crypto";
import { decodeBase64Url } from "../base64.ts";
import type { Signer } from "../crypto/interface.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { KeyAlgorithm, PublicJwk, SigningKey, VerificationKey } from "../types.ts";
import { invalidKey } from "./key-option.ts";
import { importVerificationKey } from "./verification-key.ts";

/**
 * A private key as a JWK: Ed25519 (RFC 8037 section 2) or P-256 (RFC 7518 section 6.2). `d` is 32
 * bytes, base64url without padding, and never leaves the process that owns it.
 */
export type PrivateJwk = PublicJwk & { readonly d: string };

/**
 * Generates a key. The private half cannot be exported.
 *
 * @param options.kid key id under which the owner publishes it; unique within its JWKS
 * @param options.alg `Ed25519`, the default, or `ES256`
 * @throws {TypeError} for a `kid` that `Signature-Key` cannot carry, and for another `alg`
 *
 * @example
 * const key = await generateSigningKey({ kid: "backend-ephemeral-1" });
 */
export async function generateSigningKey(options: {
  readonly kid: string;
  readonly alg?: KeyAlgorithm;
}): Promise<SigningKey> {
  const { kid, alg = "Ed25519" } = options ?? {};
  requireKid(kid);
  if (alg !== "Ed25519" && alg !== "ES256") throw new TypeError(`alg must be Ed25519 or ES256, not ${alg}`);
  const pair = await platformCrypto.generateKey(alg);
  return signingKeyOf(pair, await importVerificationKey(pair.publicJwk), kid);
}

/**
 * Imports a private key. Call it once, at start-up.
 *
 * @param jwk the key with its public half; for a PEM, `createPrivateKey(pem).export({ format: "jwk"
 * })` of `node:crypto` returns it
 * @param options.kid overrides the key's own `kid`; the default without either is the RFC 7638
 * thumbprint
 * @throws {AAuthError} `unsupported_key`: another kind of key, a member that is not 32 bytes in
 *   canonical base64url, or halves that do not match
 * @throws {TypeError} for a value that is not a JWK, such as a string, and for a `kid` that
 *   `Signature-Key` cannot carry
 *
 * @example
 * const key = await importSigningKey(JSON.parse(await readFile("key.json", "utf8")), { kid: "key-1" });
 */
export async function importSigningKey(
  jwk: PrivateJwk,
  options: { readonly kid?: string } = {},
): Promise<SigningKey> {
  if (jwk?.kty === undefined) throw invalidKey("key", "a private JWK, as JSON.parse() returns it", jwk);
  const { d, kid, ...members } = jwk;
  const { kty, crv, x } = members;
  const verification = await importVerificationKey({ kty, crv, x, ...("y" in members && { y: members.y }) });
  if (typeof d !== "string" || decodeBase64Url(d)?.length !== 32) {
    const reason = d === undefined ? "the key has no private half" : '"d" is not 32 bytes in base64url';
    throw new AAuthVerificationError("unsupported_key", reason);
  }
  const signer = await importPrivate({ ...verification.publicJwk, d });
  const probe = new TextEncoder().encode("do both halves belong together?");
  if (!(await verification.verify(probe, await signer.sign(probe)))) {
    throw new AAuthVerificationError("unsupported_key", '"x" is not the public half of "d"');
  }
  const name = options.kid ?? kid ?? verification.thumbprint;
  requireKid(name);
  return signingKeyOf(signer, verification, name);
}

/** Characters allowed in a value of `Signature-Key` (profile 1.1). */
const CARRIED = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;

function requireKid(kid: string): void {
  if (typeof kid === "string" && CARRIED.test(kid)) return;
  throw new TypeError('kid must be printable ASCII without " and \\, as Signature-Key requires');
}

async function importPrivate(jwk: PrivateJwk): Promise<Signer> {
  try {
    return await platformCrypto.importPrivateKey(jwk);
  } catch {
    // Without a cause, because a platform's message may quote the key.
    throw new AAuthVerificationError("unsupported_key", "the platform refuses the private key");
  }
}

function signingKeyOf(
  { sign }: Signer,
  { alg, publicJwk, thumbprint }: VerificationKey,
  kid: string,
): SigningKey {
  return { kid, alg, publicJwk: { ...publicJwk, kid }, thumbprint, sign };
}
