import type { Jwks, SigningKey } from "../types.ts";

/**
 * The JWKS document an agent or a resource publishes at `/jwks.json`: each key with the members of the key and
 * its `kid`, in a profile that wants it with its `alg`, and nothing else (profile 5.1; draft -11, section 11.4).
 *
 * @param keys the keys in use, newest first; during a rotation also the one before
 * @param profile whose readers they are for; default that of February 2026, which names no algorithm
 *
 * @example
 * reply.send(toJwks([key]));
 */
export function toJwks(
  keys: readonly SigningKey[],
  profile?: { readonly documents: { readonly keysNameAlgorithm?: true } },
): Jwks {
  return {
    keys: keys.map(({ alg, publicJwk: { kty, crv, x, kid, ...rest } }) => ({
      kty,
      crv,
      x,
      ...("y" in rest && { y: rest.y }),
      kid,
      ...(profile?.documents.keysNameAlgorithm && { alg }),
    })),
  };
}
