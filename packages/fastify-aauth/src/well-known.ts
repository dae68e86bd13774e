import { agentMetadata, february2026, resourceMetadata } from "aauth";
import type { FastifyContextConfig, FastifyInstance } from "fastify";
import type { WellKnownDocuments } from "./options.ts";

/** Verifiers cache keys for 300 s (profile 5.2); a shared cache must not keep them longer than that. */
const CACHE_CONTROL = "public, max-age=60";

/**
 * Serves the documents a verifier fetches: unsigned, since their reader has no identity for us yet. The plugin calls it for its
 * `wellKnown` option; an agent without routes for other agents calls it by itself.
 *
 * @throws TypeError for a document that no verifier would take, and for `jwks` that is no function.
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
  const { agent, resource, jwks } = documents;
  // What is served is what was given: these only look whether it could be read at the other end.
  if (agent) requireReadable("wellKnown.agent", () => agentMetadata({ ...NO_KEYS, ...agent }));
  if (resource) requireReadable("wellKnown.resource", () => resourceMetadata({ ...NO_KEYS, ...resource }));
  if (jwks !== undefined && typeof jwks !== "function") {
    throw new TypeError("wellKnown.jwks must be a function that returns the key set of now");
  }
  const { kinds } = february2026.documents;
  if (agent) serve(`/.well-known/${kinds.agent!.document.name}`, () => agent);
  if (resource) serve(`/.well-known/${kinds.resource!.document.name}`, () => resource);
  if (jwks) serve("/jwks.json", jwks);
}

/** A document that is served as it is gets no `jwks_uri` by default. */
const NO_KEYS = { jwks_uri: "" };

function requireReadable(name: string, read: () => unknown): void {
  try {
    read();
  } catch (cause) {
    throw new TypeError(`${name} is of no use: ${(cause as Error).message}`, { cause });
  }
}
