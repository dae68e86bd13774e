import type { IssuerMetadata } from "aauth";
import type { FastifyInstance } from "fastify";
import { REQUEST_TYPES } from "./token-endpoint.ts";

/** `/.well-known/aauth-issuer` below the issuer (profile 5.1). */
export async function issuerMetadata(app: FastifyInstance, options: { issuer: string }): Promise<void> {
  const { issuer } = options;
  const document: IssuerMetadata = {
    issuer,
    jwks_uri: `${issuer}/protocol/aauth/certs`,
    agent_token_endpoint: `${issuer}/protocol/aauth/agent/token`,
    agent_auth_endpoint: `${issuer}/protocol/aauth/agent/auth`,
    agent_signing_algs_supported: ["ed25519"],
    request_types_supported: REQUEST_TYPES,
    scopes_supported: [],
  };
  app.get(`${new URL(issuer).pathname}/.well-known/aauth-issuer`, async (_request, reply) =>
    reply.header("cache-control", "public, max-age=60").send(document),
  );
}
