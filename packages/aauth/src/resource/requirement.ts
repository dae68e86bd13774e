import { defaultResourceProfile } from "../default-profile.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { ResourceProfile } from "../profile/wire-profile.ts";
import type { CallerOf, ProvenCaller, Requirement } from "../types.ts";

/**
 * Checks that a verified caller meets a requirement, for a handler that decides on the content of
 * the request.
 *
 * @param profile the profile by which the caller was verified; default `draft11` Does NOT compare
 * the profile with `caller.profile`.
 *
 * @throws TypeError for a requirement that is invalid in the profile
 * @throws AAuthVerificationError `identity_required`, `person_required`, `user_required`,
 * `profile_not_accepted`.
 * @throws AAuthVerificationError `authorization_required`, `insufficient_scope`, with
 *   `provenCaller`, for a challenge
 *
 * @example
 * meetRequirement(request.caller, { level: "auth-token", scopes: ["supply-chain:optimize"] });
 */
export function meetRequirement<const R extends Requirement<string>>(
  caller: ProvenCaller,
  requirement: R,
  profile: ResourceProfile = defaultResourceProfile,
): asserts caller is CallerOf<R> {
  const { validateRequirement, unmet } = profile.verification;
  const own = requirementFor(profile, requirement);
  if (own === undefined && requirement?.profiles !== undefined) throw notAccepted(profile);
  const demanded = own ?? requirement;
  validateRequirement(demanded);
  const error = unmet(caller, demanded);
  if (error !== undefined) throw error;
}

/**
 * The alternative of a requirement that applies to messages of a profile: the first with one of its
 * levels that does not exclude the profile.
 */
export function requirementFor(
  profile: ResourceProfile,
  requirement: Requirement<string>,
): Requirement<string> | undefined {
  for (let own: Requirement<string> | undefined = requirement; own !== undefined; own = own?.or) {
    if (applies(own, profile)) return own;
  }
  return undefined;
}

const applies = (
  requirement: Requirement<string>,
  { name, verification: { levels } }: ResourceProfile,
): boolean => levels.includes(requirement?.level) && (requirement.profiles?.includes(name) ?? true);

/**
 * Refuses a requirement with an alternative that is invalid in all profiles.
 *
 * @throws TypeError
 */
export function checkRequirement(
  requirement: Requirement<string>,
  profiles: readonly ResourceProfile[],
): void {
  for (let own: Requirement<string> | undefined = requirement; own !== undefined; own = own.or) {
    const alternative: Requirement<string> = own;
    const applicable = profiles.filter((profile) => applies(alternative, profile));
    for (const { verification } of applicable.length > 0 ? applicable : profiles)
      verification.validateRequirement(own);
    if (applicable.length === 0) {
      throw new TypeError(
        `requirement.profiles must name any of ${profiles.map(({ name }) => name).join(", ")}`,
      );
    }
  }
}

export const notAccepted = ({ name }: ResourceProfile): AAuthVerificationError =>
  new AAuthVerificationError("profile_not_accepted", `the route does not accept messages of profile ${name}`);
