import type { AgentMetadata, Jwks } from "aauth";
import type { FastifyPluginAsync } from "fastify";
import { serveWellKnown } from "fastify-aauth";

/** The backend's two documents as an agent, read by gateway, agents and auth server. Unsigned and public. */
export const wellKnownRoutes: FastifyPluginAsync<{ agentMetadata: AgentMetadata; jwks: () => Jwks }> = async (
  app,
  { agentMetadata, jwks },
) => serveWellKnown(app, { agent: agentMetadata, jwks }, { access: "public" });
