import { platformCrypto } from "#crypto";
import { decodeBase64Url } from "../base64.ts";
import type { Awaitable } from "../crypto/interface.ts";
import { AAuthVerificationError } from "../errors.ts";
import { RecentMap } from "../store/recent-map.ts";
import type { KeyAlgorithm, PublicJwk, VerificationKey } from "../types.ts";
import { isSmallOrder } from "./small-order.ts";
import { jwkThumbprint } from "./thumbprint.ts";

/**
 * Members of private and symmetric keys (RFC 7518 section 6). A public key with one of them is a
 * leaked key.
 */
export const PRIVATE_MEMBERS: readonly string[] = ["d", "k", "p", "q", "dp", "dq", "qi", "oth"];

/** Options of a key import. */
export interface ImportVerificationKeyOptions {
  /** Accepted algorithms. Default: both. */
  readonly algorithms?: readonly KeyAlgorithm[];
  /**
   * `pool`, for servers, verifies concurrent signatures off the calling thread, so that the event
   * loop is not blocked and all cores are used. Default `sync`, which is faster for single
   * verifications.
   */
  readonly cryptoMode?: "sync" | "pool";
}

interface ImportedKey {
  readonly sync: VerificationKey;
  readonly pool: VerificationKey;
}

/** Bounded, because untrusted callers supply keys. */
const MAX_CACHED_KEYS = 1_000;
const imported = new RecentMap<string, ImportedKey>(MAX_CACHED_KEYS);

const ALL: readonly KeyAlgorithm[] = ["Ed25519", "ES256"];
/** Accepted values of `alg` in a JWK. */
const NAMES: Readonly<Record<KeyAlgorithm, readonly unknown[]>> = {
  Ed25519: [undefined, "EdDSA", "Ed25519"],
  ES256: [undefined, "ES256"],
};

/**
 * Imports the public key of a message. The 1000 last used keys are cached by their coordinates.
 *
 * @param jwk unvalidated; `{kty: "OKP", crv: "Ed25519", x}` and `{kty: "EC", crv: "P-256", x, y}`
 * are accepted, with or without `kid`, `use: "sig"` and `alg`. The result has only the members of
 * the key type
 * @throws {AAuthError} `unsupported_key`: another kind of key, another use or algorithm, private
 *   members, a coordinate that is not 32 bytes in canonical base64url, a point of small order
 *   (profile 1.5) or off its curve
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
  return verificationKey(jwk, options.cryptoMode ?? "sync", options.algorithms);
}

/** Like {@link importVerificationKey}, but synchronous for a cached key and for errors of shape. */
export function verificationKey(
  jwk: unknown,
  mode: "sync" | "pool",
  algorithms: readonly KeyAlgorithm[] = ALL,
): Awaitable<VerificationKey> {
  const { alg, publicJwk } = requirePublicKey(jwk, algorithms);
  const entry = imported.get(nameOf(publicJwk));
  return entry === undefined ? importKey(alg, publicJwk, mode) : entry[mode];
}

const nameOf = (jwk: PublicJwk) => (jwk.kty === "OKP" ? jwk.x : `${jwk.x}.${jwk.y}`);

/**
 * The members of a public key that an issuer binds a token to.
 *
 * @throws TypeError unless the option `confirmationKey` is the JWK of a public key
 */
export function confirmationMembers(jwk: PublicJwk): PublicJwk {
  try {
    return requirePublicKey(jwk, ALL).publicJwk; // hole K6: jwk
  } catch (cause) {
    throw new TypeError(`confirmationKey must be a public JWK: ${(cause as Error).message}`, { cause });
  }
}

/** Checks a public JWK except the bytes of its coordinates, and returns the members of the key. */
function requirePublicKey(jwk: unknown, algorithms: readonly KeyAlgorithm[]) {
  if (typeof jwk !== "object" || jwk === null) throw unsupported("the key is not a JWK");
  const { kty, crv, x, y, use, alg: named } = jwk as Record<string, unknown>;
  const alg =
    kty === "OKP" && crv === "Ed25519" ? "Ed25519" : kty === "EC" && crv === "P-256" ? "ES256" : undefined;
  if (alg === undefined || !algorithms.includes(alg))
    throw unsupported(`only ${algorithms.join(" and ")} keys are supported`);
  if (typeof x !== "string") throw unsupported('the key has no "x"');
  for (const member of PRIVATE_MEMBERS) {
    if (Object.hasOwn(jwk, member)) throw unsupported("the key has private members");
  }
  if (use !== undefined && use !== "sig") throw unsupported("the key is not for signatures");
  if (!NAMES[alg].includes(named)) throw unsupported("the key is for another algorithm");
  if (alg === "Ed25519") return { alg, publicJwk: { kty: "OKP", crv: "Ed25519", x } } as const;
  if (typeof y !== "string") throw unsupported('the key has no "y"');
  return { alg, publicJwk: { kty: "EC", crv: "P-256", x, y } } as const;
}

async function importKey(
  alg: KeyAlgorithm,
  publicJwk: PublicJwk,
  mode: "sync" | "pool",
): Promise<VerificationKey> {
  const bytes = coordinate("x", publicJwk.x);
  if (publicJwk.kty === "EC") coordinate("y", publicJwk.y);
  else if (isSmallOrder(bytes)) throw unsupported('"x" is a point of small order');
  const thumbprint = await jwkThumbprint(publicJwk);
  const { verify, verifyOnPool } = await importPoint(publicJwk);
  const entry = {
    sync: { alg, publicJwk, thumbprint, verify },
    pool: { alg, publicJwk, thumbprint, verify: verifyOnPool },
  };
  imported.set(nameOf(publicJwk), entry);
  return entry[mode];
}

/** Imports a key. The platform refuses a point off its curve. */
async function importPoint(publicJwk: PublicJwk) {
  try {
    return await platformCrypto.importPublicKey(publicJwk);
  } catch (cause) {
    throw new AAuthVerificationError("unsupported_key", "the platform refuses the key", { cause });
  }
}

function coordinate(name: string, value: string): Uint8Array {
  // The length is checked first, which bounds the decoding.
  const bytes = value.length === 43 ? decodeBase64Url(value) : undefined;
  if (bytes?.length !== 32) throw unsupported(`"${name}" is not 32 bytes in base64url`);
  return bytes;
}

const unsupported = (reason: string): AAuthVerificationError =>
  new AAuthVerificationError("unsupported_key", reason);
