import type { FastifyInstance } from "fastify";
import type { Realm } from "./realm.ts";
import type { RealmKeys } from "./realm-keys.ts";

/** Public documents about the realm: its description with the RSA key, and the one key set under its two addresses. */
export async function realmDocuments(
  app: FastifyInstance,
  options: { realm: Realm; keys: RealmKeys; issuer: string },
): Promise<void> {
  const { realm, keys, issuer } = options;
  const { pathname } = new URL(issuer);

  app.get(pathname, async () => ({
    realm: realm.realm,
    public_key: keys.publicKeyBase64,
    "token-service": `${issuer}/protocol/openid-connect`,
    "account-service": `${issuer}/account`,
    "tokens-not-before": 0,
  }));
  for (const path of ["/protocol/openid-connect/certs", "/protocol/aauth/certs"]) {
    app.get(`${pathname}${path}`, async (_request, reply) => {
      // Keys live as long as the process: a copy must not outlive a restart by much.
      return reply.header("cache-control", "public, max-age=60").send({ keys: keys.publicJwks });
    });
  }
}
