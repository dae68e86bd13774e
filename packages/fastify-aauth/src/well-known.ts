import { documentEndpoints, type WellKnownDocuments } from "aauth/resource";
import type { FastifyContextConfig, FastifyInstance } from "fastify";
import { serveEndpoints } from "./endpoints.ts";

/**
 * Serves the documents that verifiers fetch. The plugin does so for its `wellKnown` option; an
 * agent without protected routes calls it directly.
 *
 * @param config route `config` with which the service's own hooks treat these routes as public;
 * default: that of this plugin
 */
export const serveWellKnown = (
  app: FastifyInstance,
  documents: WellKnownDocuments,
  config?: FastifyContextConfig,
): Promise<void> => serveEndpoints(app, documentEndpoints(documents), { config });
