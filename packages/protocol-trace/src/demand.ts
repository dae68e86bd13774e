import { parseAgentAuth } from "aauth/february-2026";
import { parseRequirement } from "aauth/wire";

/** What a challenge asks its caller for. */
export interface Demand {
  readonly level: string;
  readonly authServer?: string | undefined;
  readonly resourceToken?: string | undefined;
}

/**
 * What a challenge demands, in either profile; undefined for headers without one.
 *
 * @param headers lower-case names
 * @throws AAuthError malformed_challenge, for what another party has sent
 */
export function demandIn(headers: Readonly<Record<string, string>>): Demand | undefined {
  const { "agent-auth": agentAuth, "aauth-requirement": requirement } = headers;
  if (agentAuth !== undefined) return parseAgentAuth(agentAuth);
  if (requirement === undefined) return undefined;
  const { requirement: level, resourceToken } = parseRequirement(requirement);
  return { level, resourceToken };
}
