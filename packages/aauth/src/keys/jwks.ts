import type { Jwks, SigningKey } from "../types.ts";

/**
 * The JWKS document an agent or a resource publishes at `/jwks.json`: each key has only the members
 * of its type, `kid` and `alg` (draft -11, section 11.4).
 *
 * @param keys the keys in use, newest first; during a rotation including the previous one
 *
 * @example
 * reply.send(toJwks([key]));
 */
export function toJwks(keys: readonly SigningKey[]): Jwks {
  return {
    keys: keys.map(({ alg, publicJwk: { kty, crv, x, kid, ...rest } }) => ({
      kty,
      crv,
      x,
      ...("y" in rest && { y: rest.y }),
      kid,
      alg,
    })),
  };
}
