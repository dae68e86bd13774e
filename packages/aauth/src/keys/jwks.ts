import type { Jwks, SigningKey } from "../types.ts";

/**
 * The JWKS document an agent or a resource publishes at `/jwks.json`: each key with the members of
 * the key and its `kid` and `alg`, and nothing else (draft -11, section 11.4).
 *
 * @param keys the keys in use, newest first; during a rotation also the one before
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
