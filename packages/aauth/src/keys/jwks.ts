import type { Jwks, SigningKey } from "../types.ts";
import { requireSigningKey } from "./key-option.ts";
import { requireArray } from "./option-checks.ts";

/**
 * The JWKS document an agent or a resource publishes at `/jwks.json`: each key has only the members
 * of its type, `kid` and `alg` (draft -11, section 11.4).
 *
 * @param keys the keys in use, newest first; during a rotation including the previous one
 * @throws TypeError for anything but a list of signing keys, such as a key that was not awaited
 *
 * @example
 * reply.send(toJwks([key]));
 */
export function toJwks(keys: readonly SigningKey[]): Jwks {
  requireArray("keys", keys);
  for (const [index, key] of keys.entries()) requireSigningKey(`keys[${index}]`, key);
  return jwksOf(keys);
}

/** {@link toJwks} for keys that are checked. */
export const jwksOf = (keys: readonly SigningKey[]): Jwks => ({
  keys: keys.map(({ alg, publicJwk: { kty, crv, x, kid, ...rest } }) => ({
    kty,
    crv,
    x,
    ...("y" in rest && { y: rest.y }),
    kid,
    alg,
  })),
});
