import { platformCrypto } from "#crypto";
import { decodeBase64Url } from "../base64.ts";
import type { Awaitable } from "../crypto/interface.ts";
import { AAuthVerificationError } from "../errors.ts";
import { RecentMap } from "../store/recent-map.ts";
import type { KeyAlgorithm, PublicJwk, VerificationKey } from "../types.ts";
import { isSmallOrder } from "./small-order.ts";
import { jwkThumbprint } from "./thumbprint.ts";

/**
 * Members of private and symmetric keys (RFC 7518 section 6). One of them in public means a leaked
 * key.
 */
export const PRIVATE_MEMBERS: readonly string[] = ["d", "k", "p", "q", "dp", "dq", "qi", "oth"];

/** What a key may be, and where it verifies. */
export interface ImportVerificationKeyOptions {
  /** Algorithms that count. Default: both. */
  readonly algorithms?: readonly KeyAlgorithm[];
  /**
   * `pool`, for servers, verifies off the calling thread as soon as there is more than one
   * signature at a time: the event loop does not stand still and both cores work. Default `sync`,
   * which is cheaper for one verification at a time.
   */
  readonly cryptoMode?: "sync" | "pool";
}

interface ImportedKey {
  readonly sync: VerificationKey;
  readonly pool: VerificationKey;
}

/** Keys come from untrusted callers, so the cache has a bound. */
const MAX_CACHED_KEYS = 1_000;
const imported = new RecentMap<string, ImportedKey>(MAX_CACHED_KEYS);

const ALL: readonly KeyAlgorithm[] = ["Ed25519", "ES256"];
/** Names of the algorithm in a JWK's `alg`. */
const NAMES: Readonly<Record<KeyAlgorithm, readonly unknown[]>> = {
  Ed25519: [undefined, "EdDSA", "Ed25519"],
  ES256: [undefined, "ES256"],
};

/**
 * Imports the public key of a message. Imported keys are kept by their coordinates (the 1000 used
 * last), so a known caller costs no import.
 *
 * @param jwk anything; `{kty: "OKP", crv: "Ed25519", x}` and `{kty: "EC", crv: "P-256", x, y}` are
 *   accepted, with or without `kid`, `use: "sig"` and `alg`. The key that comes back has the
 *   members of the key only.
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

/** {@link importVerificationKey} without a promise where none is needed; throws at once. */
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
 * The members of a public JWK, proven to be one of these algorithms but for the bytes of its
 * coordinates.
 */
function requirePublicKey(jwk: unknown, algorithms: readonly KeyAlgorithm[]) {
  if (typeof jwk !== "object" || jwk === null) throw unsupported("the key is not a JWK");
  const { kty, crv, x, y, use, alg: named } = jwk as Record<string, unknown>;
  const alg =
    kty === "OKP" && crv === "Ed25519" ? "Ed25519" : kty === "EC" && crv === "P-256" ? "ES256" : undefined;
  if (alg === undefined || !algorithms.includes(alg))
    throw unsupported(`only ${algorithms.join(" and ")} keys are supported`);
  if (typeof x !== "string") throw unsupported('the key has no "x"');
  for (const member of PRIVATE_MEMBERS) {
    if (Object.hasOwn(jwk, member)) throw unsupported("the key carries private members");
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

/** The platform refuses a point off its curve. */
async function importPoint(publicJwk: PublicJwk) {
  try {
    return await platformCrypto.importPublicKey(publicJwk);
  } catch (cause) {
    throw new AAuthVerificationError("unsupported_key", "the platform refuses the key", { cause });
  }
}

function coordinate(name: string, value: string): Uint8Array {
  // 43 characters first: what follows is then bounded whatever the caller sent.
  const bytes = value.length === 43 ? decodeBase64Url(value) : undefined;
  if (bytes?.length !== 32) throw unsupported(`"${name}" is not 32 bytes in base64url`);
  return bytes;
}

const unsupported = (reason: string): AAuthVerificationError =>
  new AAuthVerificationError("unsupported_key", reason);
