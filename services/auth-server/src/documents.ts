import type { IssuerMetadata } from "aauth/february-2026";
import type { FastifyInstance } from "fastify";
import type { RsaKeys } from "issuer-kit/openid";
import type { Realm } from "./realm/realm.ts";
import { REQUEST_TYPES } from "./request-types/registry.ts";

/** Short, because with `AAUTH_STORE=memory` a restart replaces the keys. */
const CACHE_CONTROL = "public, max-age=60";

/**
 * The public documents: the realm's description and its key set; for an AAuth issuer also its
 * metadata (profile 5.1), and the key set at a second URL.
 */
export async function documents(
  app: FastifyInstance,
  options: {
    realm: Realm;
    keys: RsaKeys;
    issuer: string;
    /** Whether the realm issues auth tokens of February 2026. */
    isAAuthIssuer: boolean;
  },
): Promise<void> {
  const { realm, keys, issuer, isAAuthIssuer } = options;
  const base = new URL(issuer).pathname;
  const metadata: IssuerMetadata = {
    issuer,
    jwks_uri: `${issuer}/protocol/aauth/certs`,
    agent_token_endpoint: `${issuer}/protocol/aauth/agent/token`,
    agent_auth_endpoint: `${issuer}/protocol/aauth/agent/auth`,
    agent_signing_algs_supported: ["ed25519"],
    request_types_supported: REQUEST_TYPES.map(({ name }) => name),
    scopes_supported: [],
  };

  serve("", () => ({
    realm: realm.realm,
    public_key: keys.publicKeyBase64,
    "token-service": `${issuer}/protocol/openid-connect`,
    "account-service": `${issuer}/account`,
    "tokens-not-before": 0,
  }));
  const keySet = () => ({ keys: keys.publicJwks });
  serve("/protocol/openid-connect/certs", keySet);
  if (isAAuthIssuer) {
    serve("/protocol/aauth/certs", keySet);
    serve("/.well-known/aauth-issuer", () => metadata);
  }

  function serve(path: string, read: () => object): void {
    app.get(base + path, async (_request, reply) =>
      reply.headers({ "cache-control": CACHE_CONTROL, "access-control-allow-origin": "*" }).send(read()),
    );
  }
}
