/**
 * Fastify plugin that verifies AAuth requests before any handler runs. Closed by default.
 *
 * @module
 */

export type {
  FastifyAAuthOptions,
  RouteRequirement,
  VerificationEvent,
  WellKnownDocuments,
} from "./options.ts";
export { fastifyAAuth } from "./plugin.ts";
export { serveWellKnown } from "./well-known.ts";
