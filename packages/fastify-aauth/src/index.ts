/**
 * Fastify plugin that verifies AAuth requests before any handler runs. Closed by default.
 *
 * @module
 */

export type { ServedParty, ServeEndpointsOptions } from "./endpoints.ts";
export { sendAnswer, serveEndpoints, serveParty } from "./endpoints.ts";
export type { LevelLimits, LimitReached } from "./level-limits.ts";
export type {
  CallerOfRoute,
  FastifyAAuthOptions,
  RouteRequirement,
  VerifierForm,
} from "./options.ts";
export { fastifyAAuth } from "./plugin.ts";
export { serveWellKnown } from "./well-known.ts";
