import type { Requirement } from "aauth";
import type { FastifyInstance } from "fastify";
import type { LevelLimits } from "fastify-aauth";
import { CATALOGUE } from "../domain/catalogue.ts";

/** A new key costs nothing: all pseudonymous callers together get this many times what one gets. */
const PSEUDONYMOUS_TOGETHER = 20;

/** How often the catalogue may be read in a minute by what a caller has proven (SPEC 4.5). */
export function catalogueLimits(
  perMinute: { pseudonymous: number; identified: number; authorized: number },
  scopes: readonly string[],
): LevelLimits {
  return { ...perMinute, pseudonymousTogether: perMinute.pseudonymous * PSEUDONYMOUS_TOGETHER, scopes };
}

/** `GET /catalogue`: for anybody who signs, and the more often the more is known of the caller. */
export async function catalogueRoutes(
  app: FastifyInstance,
  { limits, requirement }: { limits: LevelLimits; requirement: Requirement },
): Promise<void> {
  app.get("/catalogue", { config: { aauth: requirement, aauthLimits: limits } }, async (request, reply) =>
    reply.header("cache-control", "no-store").send({ level: request.caller?.level, laptops: CATALOGUE }),
  );
}
