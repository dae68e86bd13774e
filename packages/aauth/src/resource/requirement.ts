/**
 * What a route demands, compared with what its caller has proven.
 *
 * @module
 */

import { AAuthError, type AAuthErrorCode } from "../errors.ts";
import { requireArray } from "../keys/option-checks.ts";
import type { IdentifiedAgent, Level, Requirement, VerifiedAgent } from "../types.ts";

/**
 * Passes when the proven caller is at least what the route demands (profile 3.1). Levels are a ladder: an
 * authorized agent is also identified, an identified one also pseudonymous. `scopes` must all be there, and a user where
 * `subject` is `"required"`.
 *
 * @throws TypeError for a requirement that cannot be meant ({@link requireMeant}).
 * @throws AAuthError `identity_required` for a pseudonymous caller of anything higher; `authorization_required` for an
 * identified caller without auth token; `insufficient_scope`. The last two carry `provenAgent`, so that a challenge can
 * be addressed to it. `user_required` for a token without a user, which no challenge cures: the same request for a token
 * would bring the same.
 *
 * @example
 * meetRequirement(request.agent, { level: "authorized", scopes: ["supply-chain:optimize"] });
 */
export function meetRequirement(agent: VerifiedAgent, requirement: Requirement): void {
  requireMeant(requirement);
  const unmet = unmetRequirement(agent, requirement);
  if (unmet !== undefined) throw unmet;
}

const LEVELS: readonly Level[] = ["pseudonymous", "identified", "authorized"];
/** Requirements are written once and asked of each request. */
const meant = new WeakSet<Requirement>();

/**
 * Refuses a requirement that lets the wrong callers in, or none: one without scopes is met by any token at all, and no token has a scope
 * with a space in it.
 *
 * @throws TypeError for a level that does not exist, for `scopes` that is not a list of at least one scope, and for another `subject`
 * than `"required"`.
 */
export function requireMeant(requirement: Requirement): void {
  if (typeof requirement === "object" && requirement !== null && meant.has(requirement)) return;
  const level = requirement?.level;
  if (!LEVELS.includes(level)) throw new TypeError(`requirement.level must be one of ${LEVELS.join(", ")}`);
  if (requirement.level === "authorized") {
    const { scopes, subject } = requirement;
    requireArray("requirement.scopes", scopes);
    if (scopes.length === 0 || !scopes.every((scope) => typeof scope === "string" && /^\S+$/.test(scope))) {
      throw new TypeError("requirement.scopes must name at least one scope, each a word without spaces");
    }
    if (subject !== undefined && subject !== "required") {
      throw new TypeError('requirement.subject must be "required" or absent');
    }
  }
  meant.add(requirement);
}

/** What {@link meetRequirement} would throw. */
export function unmetRequirement(agent: VerifiedAgent, requirement: Requirement): AAuthError | undefined {
  if (requirement.level === "pseudonymous") return undefined;
  if (agent.level === "pseudonymous") {
    return askingForMore("identity_required", "the route needs an identified agent");
  }
  if (requirement.level === "identified") return undefined;
  if (agent.level === "identified") {
    return askingForMore("authorization_required", "the route needs an auth token", agent);
  }
  const missing = requirement.scopes.filter((scope) => !agent.scopes.includes(scope));
  if (missing.length > 0) {
    const reason = `the auth token lacks ${missing.join(" ")}`;
    return askingForMore("insufficient_scope", reason, identityOf(agent));
  }
  if (requirement.subject === "required" && !agent.subject) {
    return new AAuthError("user_required", "the route needs an auth token that names a user");
  }
  return undefined;
}

/** Without a stack: every first request ends here, nobody looks at where, and finding out costs more than all that is checked before. */
function askingForMore(code: AAuthErrorCode, reason: string, provenAgent?: IdentifiedAgent): AAuthError {
  const { stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 0;
    return new AAuthError(code, reason, provenAgent && { provenAgent });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
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
