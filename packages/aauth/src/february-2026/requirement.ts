/**
 * What a route demands, compared with what its caller has proven (profile 3.1).
 *
 * @module
 */

import { AAuthVerificationError } from "../errors.ts";
import { requireArray } from "../keys/option-checks.ts";
import type { ProvenCaller, Requirement } from "../types.ts";

/** Lowest first. An authorized caller is also identified, an identified one also pseudonymous. */
export const LEVELS = ["pseudonymous", "identified", "authorized"] as const;

/** Name of a level of February 2026. */
export type FebruaryLevel = (typeof LEVELS)[number];

/** Requirements are written once and asked of each request. */
const checked = new WeakSet<Requirement<string>>();

/**
 * Refuses a requirement that lets the wrong callers in, or none: one without scopes is met by any
 * token at all, no token has a scope with a space in it, and scopes of a lower level would not be
 * compared.
 *
 * @throws TypeError for an unknown level, for `scopes` that is not a list of at least one scope,
 * for another `subject` than `"required"`, and for either at a lower level.
 */
export function validateRequirement(requirement: Requirement<string>): void {
  if (typeof requirement === "object" && requirement !== null && checked.has(requirement)) return;
  const level = requirement?.level;
  if (!(LEVELS as readonly string[]).includes(level))
    throw new TypeError(`requirement.level must be one of ${LEVELS.join(", ")}`);
  if (requirement.account !== undefined)
    throw new TypeError("requirement.account has no meaning in this profile");
  if (level === "authorized") {
    const { scopes, subject } = requirement;
    requireArray("requirement.scopes", scopes as readonly string[]);
    if (!scopes?.length || !scopes.every((scope) => typeof scope === "string" && /^\S+$/.test(scope))) {
      throw new TypeError("requirement.scopes must name at least one scope, each a word without spaces");
    }
    if (subject !== undefined && subject !== "required") {
      throw new TypeError('requirement.subject must be "required" or absent');
    }
  } else if (requirement.scopes !== undefined || requirement.subject !== undefined) {
    throw new TypeError(
      `requirement.scopes and requirement.subject count for level authorized only, not ${level}`,
    );
  }
  checked.add(requirement);
}

/** The error of a caller that does not meet the requirement. */
export function unmet(
  caller: ProvenCaller,
  requirement: Requirement<string>,
): AAuthVerificationError | undefined {
  if (requirement.level === "pseudonymous") return undefined;
  if (caller.agent === undefined) {
    return new AAuthVerificationError("identity_required", "the route needs an identified agent");
  }
  if (requirement.level === "identified") return undefined;
  if (caller.grant === undefined) {
    return new AAuthVerificationError("authorization_required", "the route needs an auth token", {
      provenCaller: caller,
    });
  }
  const { scopes } = caller.grant;
  const missing = (requirement.scopes ?? []).filter((scope) => !scopes.includes(scope));
  if (missing.length > 0) {
    return new AAuthVerificationError("insufficient_scope", `the auth token lacks ${missing.join(" ")}`, {
      provenCaller: caller,
      claim: "scope",
      expected: requirement.scopes?.join(" ") ?? "",
    });
  }
  // No challenge cures it: the same request for a token would bring the same.
  if (requirement.subject === "required" && !caller.person?.sub) {
    return new AAuthVerificationError("user_required", "the route needs an auth token that names a user", {
      claim: "sub",
    });
  }
  return undefined;
}
