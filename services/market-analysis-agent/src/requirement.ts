import type { Requirement } from "aauth";
import type { Level } from "fastify-aauth";

export const ANALYZE_SCOPE = "market-analysis:analyze";

/**
 * What a caller of this agent must prove. A signature is always needed; the February-2026 demo served unsigned requests.
 *
 * @param autonomousLevel level of the autonomous scheme, where the demo's agent was content with any signature
 */
export function requirementFor(
  authorizationScheme: "signature-only" | "autonomous" | "user-delegated",
  autonomousLevel: Level,
): Requirement {
  if (authorizationScheme === "signature-only") return { level: "pseudonymous" };
  const level = authorizationScheme === "user-delegated" ? "authorized" : autonomousLevel;
  return level === "authorized" ? { level, scopes: [ANALYZE_SCOPE] } : { level };
}
