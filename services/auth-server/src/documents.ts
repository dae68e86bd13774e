import type { FastifyInstance } from "fastify";
import type { RsaKeys } from "issuer-kit/openid";
import type { Realm } from "./realm/realm.ts";
import type { TokenIssuer } from "./token-issuer.ts";

/** Short, because with `AAUTH_STORE=memory` a restart replaces the keys. */
const CACHE_CONTROL = "public, max-age=60";

/** The public documents: the realm's description, its key set, and those of its token issuer. */
export async function documents(
  app: FastifyInstance,
  options: {
    realm: Realm;
    keys: RsaKeys;
    issuer: string;
    tokenIssuer: TokenIssuer | undefined;
  },
): Promise<void> {
  const { realm, keys, issuer, tokenIssuer } = options;
  const base = new URL(issuer).pathname;

  serve("", () => ({
    realm: realm.realm,
    public_key: keys.publicKeyBase64,
    "token-service": `${issuer}/protocol/openid-connect`,
    "account-service": `${issuer}/account`,
    "tokens-not-before": 0,
  }));
  const keySet = () => ({ keys: keys.publicJwks });
  serve("/protocol/openid-connect/certs", keySet);
  for (const [path, read] of Object.entries(tokenIssuer?.documents(issuer, keySet) ?? {})) serve(path, read);

  function serve(path: string, read: () => object): void {
    app.get(base + path, async (_request, reply) =>
      reply.headers({ "cache-control": CACHE_CONTROL, "access-control-allow-origin": "*" }).send(read()),
    );
  }
}
