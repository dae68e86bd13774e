import type { Requirement } from "aauth";
import type { FastifyInstance } from "fastify";
import type { LevelLimits } from "fastify-aauth";
import { agentRow } from "topology";
import type { SupplyChainAgentConfig } from "../config.ts";
import { CATALOGUE } from "../domain/catalogue.ts";

/**
 * Keys are free, so all pseudonymous callers together get only this many times the limit of one.
 */
const PSEUDONYMOUS_TOGETHER = 20;

interface PerMinute {
  readonly pseudonymous: number;
  readonly identified: number;
  readonly authorized: number;
}

/** Catalogue requests per minute, by the level of the caller (SPEC 4.5). */
export function catalogueLimits(perMinute: PerMinute, scopes: readonly string[]): LevelLimits {
  return { ...perMinute, pseudonymousTogether: perMinute.pseudonymous * PSEUDONYMOUS_TOGETHER, scopes };
}

/** Catalogue requests per minute in draft -11, by the token that a caller presents. */
export function draft11CatalogueLimits(
  { pseudonymous, identified, authorized }: PerMinute,
  scopes: readonly string[],
): LevelLimits {
  return { "agent-token": pseudonymous, "person-token": identified, "auth-token": authorized, scopes };
}

/**
 * Paths of the catalogue in draft -11, with what a caller must prove. A route accepts tokens of one
 * level (draft -11, section 6), so each level of the mode has its own path.
 *
 * @param highest what a caller must prove for a task
 */
export function draft11CatalogueRoutes(highest: Requirement): ReadonlyMap<string, Requirement> {
  const routes = new Map<string, Requirement>([["/catalogue", { level: "agent-token" }]]);
  if (highest.level === "agent-token") return routes;
  routes.set("/catalogue/person-token", { level: "person-token" });
  if (highest.level === "auth-token") routes.set("/catalogue/auth-token", highest);
  return routes;
}

export interface CatalogueOptions {
  readonly limits: LevelLimits;
  /** Requirement by path. */
  readonly routes: ReadonlyMap<string, Requirement>;
}

/**
 * `GET /catalogue`, for every caller that signs, with higher limits for callers that prove more.
 */
export async function catalogueRoutes(
  app: FastifyInstance,
  { limits, routes }: CatalogueOptions,
): Promise<void> {
  for (const [path, aauth] of routes) {
    app.get(path, { config: { aauth, aauthLimits: limits } }, async (request, reply) =>
      reply.header("cache-control", "no-store").send({ level: request.caller?.level, laptops: CATALOGUE }),
    );
  }
}

/** Arguments of the limits, as configured. */
export function limitsIn(config: SupplyChainAgentConfig) {
  const perMinute = {
    pseudonymous: config.cataloguePseudonymousPerMinute,
    identified: config.catalogueIdentifiedPerMinute,
    authorized: config.catalogueAuthorizedPerMinute,
  };
  return [perMinute, [agentRow("supply-chain-agent").scope]] as const;
}
