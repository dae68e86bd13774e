import { platformCrypto } from "#crypto";
import { decodeBase64Url } from "../base64.ts";
import type { Awaitable, Ed25519Verifier } from "../crypto/interface.ts";
import { AAuthError } from "../errors.ts";
import { RecentMap } from "../store/recent-map.ts";
import type { PublicJwk, VerificationKey } from "../types.ts";
import { requireOneOf } from "./option-checks.ts";
import { isSmallOrder } from "./small-order.ts";
import { ed25519Thumbprint } from "./thumbprint.ts";

/** Members of private and symmetric keys (RFC 7518 section 6). One of them in public means a leaked key. */
export const PRIVATE_MEMBERS: readonly string[] = ["d", "k", "p", "q", "dp", "dq", "qi", "oth"];

export interface ImportVerificationKeyOptions {
  /**
   * `pool`, for servers, verifies off the calling thread as soon as there is more than one signature at a time: the event loop
   * does not stand still and both cores work.
   * Default `sync`, which is cheaper for one verification at a time.
   */
  readonly cryptoMode?: "sync" | "pool";
}

interface ImportedKey {
  readonly sync: VerificationKey;
  readonly pool: VerificationKey;
}

/** The values of `cryptoMode`. */
export const CRYPTO_MODES: readonly string[] = ["sync", "pool"];

/** Keys come from strangers, so the cache has a bound. */
const MAX_CACHED_KEYS = 1_000;
const imported = new RecentMap<string, ImportedKey>(MAX_CACHED_KEYS);

/**
 * Imports a public Ed25519 key. Imported keys are kept by `x` (the 1000 used last), so a known caller costs no import.
 *
 * @param jwk anything; `{kty: "OKP", crv: "Ed25519", x}` is accepted, with or without `kid`, `use: "sig"` and
 *   `alg: "EdDSA"`. The key that comes back has `kty`, `crv` and `x` only.
 * @throws {AAuthError} `unsupported_key`: another kind of key, another use or algorithm, private members, an `x` that
 *   is not 32 bytes in canonical base64url, or a point of small order (profile 1.5)
 * @throws {TypeError} for another `cryptoMode`
 *
 * Does NOT check who owns the key.
 *
 * @example
 * const key = await importVerificationKey({ kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
 */
export async function importVerificationKey(
  jwk: unknown,
  options: ImportVerificationKeyOptions = {},
): Promise<VerificationKey> {
  requireOneOf("cryptoMode", options.cryptoMode, CRYPTO_MODES);
  return verificationKey(jwk, options.cryptoMode ?? "sync");
}

/** {@link importVerificationKey} without a promise where none is needed; throws at once. */
export function verificationKey(jwk: unknown, mode: "sync" | "pool"): Awaitable<VerificationKey> {
  const { x } = requirePublicEd25519(jwk);
  const entry = imported.get(x);
  return entry === undefined ? importKey(x, mode) : entry[mode];
}

/** The members of a public Ed25519 JWK, proven to be one but for the bytes of `x`. */
function requirePublicEd25519(jwk: unknown): PublicJwk {
  if (typeof jwk !== "object" || jwk === null) throw unsupported("the key is not a JWK");
  const { kty, crv, x, use, alg } = jwk as Record<string, unknown>;
  if (kty !== "OKP" || crv !== "Ed25519") throw unsupported("only Ed25519 keys are supported");
  if (typeof x !== "string") throw unsupported('the key has no "x"');
  for (const member of PRIVATE_MEMBERS) {
    if (Object.hasOwn(jwk, member)) throw unsupported("the key carries private members");
  }
  if (use !== undefined && use !== "sig") throw unsupported("the key is not for signatures");
  if (alg !== undefined && alg !== "EdDSA" && alg !== "Ed25519") {
    throw unsupported("the key is for another algorithm");
  }
  return { kty, crv, x };
}

async function importKey(x: string, mode: "sync" | "pool"): Promise<VerificationKey> {
  // 43 characters first: what follows is then bounded whatever the caller sent.
  const bytes = x.length === 43 ? decodeBase64Url(x) : undefined;
  if (bytes?.length !== 32) throw unsupported('"x" is not 32 bytes in base64url');
  if (isSmallOrder(bytes)) throw unsupported('"x" is a point of small order');
  const publicJwk: PublicJwk = { kty: "OKP", crv: "Ed25519", x };
  const thumbprint = await ed25519Thumbprint(x);
  const verifier: Ed25519Verifier = await platformCrypto.importEd25519Public({
    kty: "OKP",
    crv: "Ed25519",
    x,
  });
  const entry = {
    sync: { publicJwk, thumbprint, verify: verifier.verify },
    pool: { publicJwk, thumbprint, verify: verifier.verifyOnPool },
  };
  imported.set(x, entry);
  return entry[mode];
}

const unsupported = (reason: string): AAuthError => new AAuthError("unsupported_key", reason);
