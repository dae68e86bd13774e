import type { Requirement } from "aauth";
import { AGENTS } from "topology";

export const OPTIMIZE_SCOPE = AGENTS["supply-chain-agent"].scope;

/**
 * What a caller of this agent must prove. In the two schemes with tokens a caller known only by its key (hwk) is asked
 * for its identity; the February-2026 demo served it, whatever its signature. In user-delegated its token names a user.
 *
 * @param additionalScopes demanded in user-delegated only, so that a token exchange has something to pass on
 */
export function requirementFor(
  authorizationScheme: "signature-only" | "autonomous" | "user-delegated",
  additionalScopes: readonly string[],
): Requirement {
  if (authorizationScheme === "signature-only") return { level: "pseudonymous" };
  if (authorizationScheme === "autonomous") return { level: "authorized", scopes: [OPTIMIZE_SCOPE] };
  return { level: "authorized", scopes: [OPTIMIZE_SCOPE, ...additionalScopes], subject: "required" };
}
