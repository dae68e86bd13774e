import { AAuthVerificationError } from "aauth";
import { PROFILES, type ProfileName } from "agent-kit/settings";
import { type CheckRequest, UnusableCheck, UnusableRequest } from "./check-request.ts";
import { type Refusal, type RefusingRoute, TEXT } from "./checked-profile.ts";
import { CHECKED_PROFILES, knownProfiles } from "./profiles.ts";

/**
 * The refusal for anything that was thrown while a check was judged. Nothing thrown ever lets a
 * request through.
 *
 * @param route default: a route of the default profile
 */
export function refusalOf(error: unknown, route: RefusingRoute = routeOf([PROFILES[0]])): Refusal {
  if (error instanceof UnusableCheck) {
    const body = `AAuth failure: the gateway's check request cannot be used: ${error.message}`;
    return { status: 500, headers: TEXT, body, code: "unusable_check" };
  }
  if (error instanceof UnusableRequest) {
    const body = `AAuth failure: unusable_request: the request cannot be judged: ${error.message}`;
    return { status: 400, headers: TEXT, body, code: "unusable_request" };
  }
  if (!(error instanceof AAuthVerificationError)) {
    return {
      status: 503,
      // RFC 9209: the gateway failed before it asked the agent, which the status alone does not
      // tell.
      headers: { ...TEXT, "proxy-status": "gateway; error=proxy_internal_error" },
      body: "AAuth failure: verification is not available",
      code: "verification_unavailable",
    };
  }
  const accepted = route.profiles.map((name) => CHECKED_PROFILES[name].wire);
  return CHECKED_PROFILES[profileOf(error, route)].refusal(error, route.requirement, accepted);
}

/**
 * The profile of the refused message, where the route has it. A message in no profile is answered
 * in the newest profile of the route.
 */
function profileOf(
  { code, report, provenCaller }: AAuthVerificationError,
  { profiles }: RefusingRoute,
): ProfileName {
  const name = report?.profile ?? provenCaller?.profile;
  const isInNone = name === undefined || code === "missing_signature";
  return knownProfiles(profiles).findLast((own) => isInNone || own === name) ?? PROFILES[0];
}

/** A route's profiles, with the requirement of its refusals: the lowest level that it accepts. */
export function routeOf(
  profiles: readonly ProfileName[],
  requiredLevel: CheckRequest["requiredLevel"] = "any",
): RefusingRoute {
  const [first = CHECKED_PROFILES[PROFILES[0]].minimum({ requiredLevel }), or] = knownProfiles(profiles).map(
    (name) => CHECKED_PROFILES[name].minimum({ requiredLevel }),
  );
  return { profiles, requirement: or === undefined ? first : { ...first, or } };
}
