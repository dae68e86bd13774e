import { february2026 } from "../profiles/february-2026/index.ts";
import type { WireProfile } from "../profiles/wire-profile.ts";
import type { CallerOf, ProvenCaller, Requirement } from "../types.ts";

/**
 * Passes when the proven caller is at least what the requirement demands, in a handler that decides after it has looked at the request.
 *
 * @param profile the profile that the caller was verified by; default `february2026`
 * Does NOT compare the profile with `caller.profile`.
 *
 * @throws TypeError for a requirement that the profile cannot mean.
 * @throws AAuthVerificationError `identity_required`, `user_required`.
 * @throws AAuthVerificationError `authorization_required`, `insufficient_scope`, with `provenCaller`: a challenge would help.
 *
 * @example
 * meetRequirement(request.caller, { level: "authorized", scopes: ["supply-chain:optimize"] });
 */
export function meetRequirement<const R extends Requirement>(
  caller: ProvenCaller,
  requirement: R,
  profile: WireProfile = february2026,
): asserts caller is CallerOf<R> {
  const { checkRequirement, unmet } = profile.verification;
  checkRequirement(requirement);
  const error = unmet(caller, requirement);
  if (error !== undefined) throw error;
}
