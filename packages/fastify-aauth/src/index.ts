/**
 * Fastify plugin that verifies AAuth requests before any handler runs. Closed by default.
 *
 * @module
 */

export type { ServedParty, ServeEndpointsOptions } from "./endpoints.ts";
export { sendAnswer, serveEndpoints, serveParty } from "./endpoints.ts";
export type { Level, LevelLimits, LimitReached } from "./level-limits.ts";
export type {
  ComposedOptions,
  FastifyAAuthOptions,
  ResourceOptions,
  RouteRequirement,
  VerificationEvent,
  WellKnownDocuments,
} from "./options.ts";
export { fastifyAAuth } from "./plugin.ts";
export type { ResourceTokenOptions } from "./resource-tokens.ts";
export { serveResourceTokens } from "./resource-tokens.ts";
export { serveWellKnown } from "./well-known.ts";
