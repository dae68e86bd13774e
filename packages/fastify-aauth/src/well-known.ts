import { documentEndpoints, type WellKnownDocuments } from "aauth/resource";
import type { FastifyContextConfig, FastifyInstance } from "fastify";
import { serveEndpoints } from "./endpoints.ts";

/**
 * Serves the documents a verifier fetches. The plugin does it for its `wellKnown` option; an agent
 * without routes for other agents calls it by itself.
 *
 * @param config what the service's own hooks need to let these routes be public; default: what this
 * plugin needs
 */
export const serveWellKnown = (
  app: FastifyInstance,
  documents: WellKnownDocuments,
  config?: FastifyContextConfig,
): Promise<void> => serveEndpoints(app, documentEndpoints(documents), { config });
