import { defaultResourceProfile } from "../default-profile.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { ResourceProfile } from "../profile/wire-profile.ts";
import type { CallerOf, ProvenCaller, Requirement } from "../types.ts";

/**
 * Passes when the proven caller is at least what the requirement demands, in a handler that decides
 * after it has looked at the request.
 *
 * @param profile the profile that the caller was verified by; default `draft11`
 * Does NOT compare the profile with `caller.profile`.
 *
 * @throws TypeError for a requirement that the profile cannot mean.
 * @throws AAuthVerificationError `identity_required`, `person_required`, `user_required`,
 * `profile_not_accepted`.
 * @throws AAuthVerificationError `authorization_required`, `insufficient_scope`, with
 * `provenCaller`: a challenge would help.
 *
 * @example
 * meetRequirement(request.caller, { level: "authorized", scopes: ["supply-chain:optimize"] });
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
 * The alternative of a requirement that counts for messages of a profile: the first that has one of
 * its levels and does not exclude it.
 */
export function requirementFor(
  profile: ResourceProfile,
  requirement: Requirement<string>,
): Requirement<string> | undefined {
  for (let own: Requirement<string> | undefined = requirement; own !== undefined; own = own?.or) {
    if (counts(own, profile)) return own;
  }
  return undefined;
}

const counts = (
  requirement: Requirement<string>,
  { name, verification: { levels } }: ResourceProfile,
): boolean => levels.includes(requirement?.level) && (requirement.profiles?.includes(name) ?? true);

/**
 * Refuses a requirement with an alternative that none of the profiles can mean.
 *
 * @throws TypeError
 */
export function checkRequirement(
  requirement: Requirement<string>,
  profiles: readonly ResourceProfile[],
): void {
  for (let own: Requirement<string> | undefined = requirement; own !== undefined; own = own.or) {
    const alternative: Requirement<string> = own;
    const meant = profiles.filter((profile) => counts(alternative, profile));
    for (const { verification } of meant.length > 0 ? meant : profiles) verification.validateRequirement(own);
    if (meant.length === 0) {
      throw new TypeError(
        `requirement.profiles must name any of ${profiles.map(({ name }) => name).join(", ")}`,
      );
    }
  }
}

export const notAccepted = ({ name }: ResourceProfile): AAuthVerificationError =>
  new AAuthVerificationError("profile_not_accepted", `the route does not accept messages of profile ${name}`);
