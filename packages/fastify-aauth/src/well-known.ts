import { february2026 } from "aauth/february-2026";
import type { FastifyContextConfig, FastifyInstance } from "fastify";
import type { WellKnownDocuments } from "./options.ts";

/** Verifiers cache keys for 300 s (profile 5.2); a shared cache must not keep them longer than that. */
const CACHE_CONTROL = "public, max-age=60";

/**
 * Serves the documents a verifier fetches: unsigned, since their reader has no identity for us yet. The plugin calls it for its
 * `wellKnown` option; an agent without routes for other agents calls it by itself.
 *
 * @param config what the service's own hooks need to let these routes be public; default: what this plugin needs
 */
export function serveWellKnown(
  app: FastifyInstance,
  documents: WellKnownDocuments,
  config: FastifyContextConfig = { aauth: "public" },
): void {
  const serve = (url: string, document: () => unknown) => {
    app.get(url, { config }, async (_request, reply) => {
      return reply.header("cache-control", CACHE_CONTROL).send(document());
    });
  };
  const { agent, resource, jwks, documents: others = {} } = documents;
  const { kinds } = february2026.documents;
  if (agent) serve(`/.well-known/${kinds.agent!.document.name}`, () => agent);
  if (resource) serve(`/.well-known/${kinds.resource!.document.name}`, () => resource);
  for (const [name, document] of Object.entries(others)) serve(`/.well-known/${name}`, () => document);
  if (jwks) serve("/jwks.json", jwks);
}
