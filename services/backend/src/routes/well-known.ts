import type { AgentMetadata, Jwks } from "aauth";
import type { FastifyPluginAsync } from "fastify";

/** Verifiers keep keys for 300 s (profile 5.2); a cache in between must not keep them longer. */
const CACHE_CONTROL = "public, max-age=60";

/** The backend's two documents as an agent, read by gateway, agents and auth server. Unsigned and public. */
export const wellKnownRoutes: FastifyPluginAsync<{ agentMetadata: AgentMetadata; jwks: () => Jwks }> = async (
  app,
  { agentMetadata, jwks },
) => {
  const isPublic = { config: { access: "public" } } as const;
  app.get("/.well-known/aauth-agent", isPublic, async (_request, reply) => {
    return reply.header("cache-control", CACHE_CONTROL).send(agentMetadata);
  });
  app.get("/jwks.json", isPublic, async (_request, reply) => {
    return reply.header("cache-control", CACHE_CONTROL).send(jwks());
  });
};
