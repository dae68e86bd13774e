import * as neutral from "../keys/jwks.ts";
import type { Jwks, SigningKey } from "../types.ts";

/**
 * `toJwks` of `aauth` for readers of February 2026 (profile 5.1): without `alg`. Their tokens say
 * `EdDSA`, and libraries that compare names refuse a key that says `Ed25519` for them.
 *
 * @example
 * reply.send(toJwks([key]));
 */
export function toJwks(keys: readonly SigningKey[]): Jwks {
  return { keys: neutral.toJwks(keys).keys.map(({ alg: _alg, ...jwk }) => jwk) };
}
