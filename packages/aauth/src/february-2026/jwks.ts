import { toJwks } from "../keys/jwks.ts";
import type { Jwks, SigningKey } from "../types.ts";

/**
 * Like `toJwks` of `aauth`, but without `alg` (profile 5.1). Tokens of this dialect use `EdDSA`,
 * and libraries that compare names would refuse a key with `Ed25519`.
 *
 * @example
 * reply.send(february2026Jwks([key]));
 */
export function february2026Jwks(keys: readonly SigningKey[]): Jwks {
  return { keys: toJwks(keys).keys.map(({ alg: _alg, ...jwk }) => jwk) };
}
