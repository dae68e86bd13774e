import { parseAgentAuth } from "aauth/february-2026";
import { parseRequirement } from "aauth/wire";

/** The requirement of a challenge. */
export interface ChallengeRequirement {
  readonly level: string;
  readonly authServer?: string | undefined;
  readonly resourceToken?: string | undefined;
}

/**
 * Reads the requirement of a challenge in either profile; undefined for headers without one.
 *
 * @param headers lower-case names
 * @throws AAuthError malformed_challenge
 */
export function readChallenge(headers: Readonly<Record<string, string>>): ChallengeRequirement | undefined {
  const { "agent-auth": agentAuth, "aauth-requirement": requirement } = headers;
  if (agentAuth !== undefined) return parseAgentAuth(agentAuth);
  if (requirement === undefined) return undefined;
  const { requirement: level, resourceToken } = parseRequirement(requirement);
  return { level, resourceToken };
}
