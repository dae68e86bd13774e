import { AAuthVerificationError, type Requirement, type VerifiedRequest, type WireProfile } from "aauth";
import { february2026 } from "aauth/february-2026";
import { acceptedAtRoute } from "agent-kit/published-peers";
import type { CheckRequest, RequiredScheme } from "./check-request.ts";
import { claimsHeader, NO_CLAIMS } from "./claims.ts";
import { isOpen } from "./open-paths.ts";
import type { CheckedResource, ResourceVerifiers } from "./resource-verifiers.ts";
import { knownProfiles, type ProfileName, WIRE_PROFILES } from "./wire-profiles.ts";

/** An admitted request: the reason, and the claims that the gateway receives about the caller. */
export interface Admission {
  readonly claims: string;
  readonly because: "open" | "unsigned" | "verified";
  readonly verified?: VerifiedRequest;
}

/**
 * Judges one check. In order: the authority must be configured; open paths pass; a request with
 * none of the three signature headers passes without an identity unless the mode is strict;
 * everything else must be in a profile of the route and verify, whatever the mode, and reach the
 * route's scheme or level. One or two of the three headers are a broken signature, not an unsigned
 * request (the February-2026 references, G10).
 *
 * Does NOT know which tokens have been revoked, nor what the resource demands beyond the route.
 *
 * @throws AAuthVerificationError why the request is refused
 */
export async function judgeCheck(check: CheckRequest, verifiers: ResourceVerifiers): Promise<Admission> {
  const { request, mode, profiles } = check;
  const resources = verifiers.resourcesFor(check);
  if (isOpen(request.method, request.target, profiles)) return { claims: NO_CLAIMS, because: "open" };
  const { signatureKey, signatureInput, signature } = february2026.messages.fields;
  // hole G10: request.headers[signature] === undefined
  const isUnsigned = [signatureKey, signatureInput, signature].every(
    (name) => request.headers[name] === undefined,
  );
  if (isUnsigned && mode !== "strict") return { claims: NO_CLAIMS, because: "unsigned" };

  const resource = resourceOf(request.headers[signatureKey] as string | undefined, resources);
  const verified = await PROFILES[resource.profile].judge(check, resource, verifiers);
  return { claims: claimsHeader(resource.profile, verified.caller), because: "verified", verified };
}

type Judge = (
  check: CheckRequest,
  resource: CheckedResource,
  verifiers: ResourceVerifiers,
) => Promise<VerifiedRequest>;

/** Verification, and the requirement of refusals, in each profile. */
const PROFILES: Readonly<
  Record<
    ProfileName,
    { readonly judge: Judge; minimum(check: Pick<CheckRequest, "requiredLevel">): Requirement }
  >
> = {
  "february-2026": { judge: judgeFebruary, minimum: () => ({ level: "identified" }) },
  "draft-11": {
    judge: judgeDraft11,
    minimum: ({ requiredLevel }) => ({ level: requiredLevel === "any" ? "agent-token" : requiredLevel }),
  },
};

/**
 * The resource in the profile whose shape a message has; the first for a message of no shape, which
 * is refused there.
 */
function resourceOf(
  signatureKey: string | undefined,
  resources: readonly CheckedResource[],
): CheckedResource {
  const hasShape = ({ messages }: WireProfile) => signatureKey !== undefined && messages.claims(signatureKey);
  const name = knownProfiles(Object.keys(WIRE_PROFILES)).find((known) => hasShape(WIRE_PROFILES[known]));
  const resource = name === undefined ? resources[0] : resources.find(({ profile }) => profile === name);
  if (resource !== undefined) return resource;
  throw new AAuthVerificationError(
    "profile_not_accepted",
    `the route does not accept messages of profile ${name}`,
  );
}

async function judgeFebruary(
  { request, requiredScheme }: CheckRequest,
  resource: CheckedResource,
  { peers }: ResourceVerifiers,
): Promise<VerifiedRequest> {
  // The body is not here. That the digest is covered is proven, so that the agent's own comparison
  // counts. Passed on because a caller below the level must not use up memory of nonces.
  const level = requiredScheme === "hwk" ? "pseudonymous" : "identified";
  const pending = await resource.verifier().begin(request, acceptedAtRoute({ level }, peers));
  const verified = await pending.complete(undefined);
  requireScheme(verified, requiredScheme);
  return verified;
}

/**
 * A level here is one that leads on: with an agent token or a person token its caller gets the next
 * challenge of the resource.
 */
async function judgeDraft11(
  { request, requiredLevel: level }: CheckRequest,
  resource: CheckedResource,
): Promise<VerifiedRequest> {
  const verifier = resource.verifier(level === "server" ? "revocation" : undefined);
  const pending = await (level === "any" ? verifier.begin(request) : verifier.begin(request, { level }));
  return pending.complete(undefined);
}

/** Requirement in a route's refusals: the lowest level that it accepts. */
export function requirementOf(check: Pick<CheckRequest, "profiles" | "requiredLevel">): Requirement {
  const [first = { level: "identified" }, or] = knownProfiles(check.profiles).map((name) =>
    PROFILES[name].minimum(check),
  );
  return or === undefined ? first : { ...first, or };
}

/**
 * A route of scheme jwt wants an auth token. Nothing has failed so far for a proven caller without
 * one: in its report the requirement, the last check, has.
 */
function requireScheme({ caller, report }: VerifiedRequest, required: RequiredScheme): void {
  if (required !== "jwt" || caller.grant !== undefined) return;
  const reason = "the route's scheme asks for more than the caller has proven";
  const checks = report.checks.map((check) =>
    check.name === "requirement" ? { ...check, verdict: "failed" as const, reason } : check,
  );
  throw new AAuthVerificationError("authorization_required", reason, {
    report: { ...report, checks },
    ...(caller.agent !== undefined && { provenCaller: caller }),
  });
}
