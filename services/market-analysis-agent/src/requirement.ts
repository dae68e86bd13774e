import type { Requirement } from "aauth";
import type { Level } from "fastify-aauth";
import { AGENTS } from "topology";

export const ANALYZE_SCOPE = AGENTS["market-analysis-agent"].scope;

/**
 * What a caller of this agent must prove. A signature is always needed; the February-2026 demo served unsigned requests. In
 * user-delegated the token names the user: this agent's scope needs no consent, so an agent gets it for itself, too.
 *
 * @param autonomousLevel level of the autonomous scheme, where the demo's agent was content with any signature
 */
export function requirementFor(
  authorizationScheme: "signature-only" | "autonomous" | "user-delegated",
  autonomousLevel: Level,
): Requirement {
  if (authorizationScheme === "signature-only") return { level: "pseudonymous" };
  const scopes = [ANALYZE_SCOPE];
  if (authorizationScheme === "user-delegated") return { level: "authorized", scopes, subject: "required" };
  return autonomousLevel === "authorized" ? { level: autonomousLevel, scopes } : { level: autonomousLevel };
}
