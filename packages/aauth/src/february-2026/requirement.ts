/**
 * Requirements of routes, and their comparison with a verified caller (profile 3.1).
 *
 * @module
 */

import { AAuthVerificationError } from "../errors.ts";
import { requireArray } from "../keys/option-checks.ts";
import type { ProvenCaller, Requirement } from "../types.ts";

/**
 * Levels, lowest first. An authorized caller is also identified, and an identified one also
 * pseudonymous.
 */
export const LEVELS = ["pseudonymous", "identified", "authorized"] as const;

/** Name of a level of February 2026. */
export type FebruaryLevel = (typeof LEVELS)[number];

/** Requirements that are valid. They are defined once and used for every request. */
const checked = new WeakSet<Requirement<string>>();

/**
 * Refuses a requirement that would admit the wrong callers, or none: any token meets one without
 * scopes, no token has a scope with a space, and a lower level would ignore scopes.
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
    throw new TypeError("requirement.account is not supported in this profile");
  if (level === "authorized") {
    const { scopes, subject } = requirement;
    requireArray("requirement.scopes", scopes as readonly string[]);
    if (!scopes?.length || !scopes.every((scope) => typeof scope === "string" && /^\S+$/.test(scope))) {
      throw new TypeError("requirement.scopes must name at least one scope, each without spaces");
    }
    if (subject !== undefined && subject !== "required") {
      throw new TypeError('requirement.subject must be "required" or absent');
    }
  } else if (requirement.scopes !== undefined || requirement.subject !== undefined) {
    throw new TypeError(
      `requirement.scopes and requirement.subject apply to level authorized only, not ${level}`,
    );
  }
  checked.add(requirement);
}

/** The error of a caller that does not meet the requirement, or undefined. */
export function unmet(
  caller: ProvenCaller,
  requirement: Requirement<string>,
): AAuthVerificationError | undefined {
  if (requirement.level === "pseudonymous") return undefined;
  // hole D12
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
  // hole D5
  if (missing.length > 0) {
    return new AAuthVerificationError("insufficient_scope", `the auth token lacks ${missing.join(" ")}`, {
      provenCaller: caller,
      claim: "scope",
      expected: requirement.scopes?.join(" ") ?? "",
    });
  }
  // A challenge would not help: another token would be the same.
  if (requirement.subject === "required" && !caller.person?.sub) {
    return new AAuthVerificationError("user_required", "the route needs an auth token that names a user", {
      claim: "sub",
    });
  }
  return undefined;
}
