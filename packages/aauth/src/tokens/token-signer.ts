/**
 * Private keys that sign tokens.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import type { SigningKey, TokenAlgorithm } from "../types.ts";

/** A private key of an auth server. */
export interface TokenSigner {
  /** Key id in the published key set. */
  readonly kid: string;
  /** `alg` in token headers. */
  readonly alg: TokenAlgorithm;
  /** The raw JWS signature of `data`. */
  sign(data: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** A private key as JWK, or an object that exports itself as one, such as Node's `KeyObject`. */
export type PrivateKeySource =
  | { readonly kty: string; readonly [member: string]: unknown }
  | { export(options: { format: "jwk" }): object };

/** Members of a private key. `use`, `alg` and `key_ops` could only make the import fail. */
const KEY_MEMBERS = ["kty", "crv", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi"];

/**
 * Imports a private key that signs tokens.
 *
 * @param source the key; not retained
 * @param options.alg `RS256`, `ES256` or `EdDSA`
 * @param options.kid the key id published in the issuer's key set
 * @throws Error of the platform when the key is not one for `alg`.
 * @throws RangeError for an RSA key below 2048 bits, whose signatures no verifier accepts.
 *
 * @example
 * const signer = await createTokenSigner(rsaKeyObject, { alg: "RS256", kid: "realm-1" });
 */
export async function createTokenSigner(
  source: PrivateKeySource,
  options: { alg: TokenAlgorithm; kid: string },
): Promise<TokenSigner> {
  const jwk = (typeof source.export === "function" ? source.export({ format: "jwk" }) : source) as Record<
    string,
    unknown
  >;
  const members = KEY_MEMBERS.flatMap((name) => (jwk[name] === undefined ? [] : [[name, jwk[name]]]));
  const { kid, alg } = options;
  const key = await platformCrypto.importTokenSigner(Object.fromEntries(members), alg);
  return { kid, alg, sign: async (data) => key.sign(data) };
}

/**
 * Creates a token signer from a {@link SigningKey}.
 *
 * @param alg `alg` in token headers; default `EdDSA` for an Ed25519 key, as deployed verifiers
 * expect
 */
export function tokenSignerOf(key: SigningKey, alg?: TokenAlgorithm): TokenSigner {
  return {
    kid: key.kid,
    alg: alg ?? (key.alg === "Ed25519" ? "EdDSA" : key.alg),
    sign: (data) => key.sign(data),
  };
}
