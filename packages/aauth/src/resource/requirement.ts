/**
 * What a route demands, compared with what its caller has proven.
 *
 * @module
 */

import { AAuthError } from "../errors.ts";
import type { IdentifiedAgent, Requirement, VerifiedAgent } from "../types.ts";

/**
 * Passes when the proven caller is at least what the route demands (profile 3.1). Levels are a ladder: an
 * authorized agent is also identified, an identified one also pseudonymous. `scopes` must all be there.
 *
 * @throws AAuthError `identity_required` for a pseudonymous caller of anything higher; `authorization_required` for an
 * identified caller without auth token; `insufficient_scope`. The last two carry `provenAgent`, so that a challenge can
 * be addressed to it.
 *
 * @example
 * meetRequirement(request.agent, { level: "authorized", scopes: ["supply-chain:optimize"] });
 */
export function meetRequirement(agent: VerifiedAgent, requirement: Requirement): void {
  if (requirement.level === "pseudonymous") return;
  if (agent.level === "pseudonymous") {
    throw new AAuthError("identity_required", "the route needs an identified agent");
  }
  if (requirement.level === "identified") return;
  if (agent.level === "identified") {
    throw new AAuthError("authorization_required", "the route needs an auth token", { provenAgent: agent });
  }
  const missing = requirement.scopes.filter((scope) => !agent.scopes.includes(scope));
  if (missing.length > 0) {
    throw new AAuthError("insufficient_scope", `the auth token lacks ${missing.join(" ")}`, {
      provenAgent: identityOf(agent),
    });
  }
}

/** Who the caller is, without what it may do. */
export function identityOf(agent: Exclude<VerifiedAgent, { level: "pseudonymous" }>): IdentifiedAgent {
  if (agent.level === "identified") return agent;
  const { scheme, agent: id, agentDelegate, key, thumbprint } = agent;
  return {
    level: "identified",
    scheme,
    agent: id,
    ...(agentDelegate === undefined ? {} : { agentDelegate }),
    key,
    thumbprint,
  };
}
