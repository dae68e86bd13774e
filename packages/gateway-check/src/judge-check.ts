import { AAuthVerificationError, draft11, type VerifiedRequest } from "aauth";
import { PROFILES } from "agent-kit/settings";
import type { CheckRequest } from "./check-request.ts";
import type { CheckConfig } from "./check-settings.ts";
import { claimsHeader, NO_CLAIMS } from "./claims.ts";
import { isOpen } from "./open-paths.ts";
import { CHECKED_PROFILES } from "./profiles.ts";
import type { CheckedResource, ResourceVerifiers } from "./resource-verifiers.ts";

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
 * request (the published references, G10).
 *
 * Does NOT know which tokens have been revoked, nor what the resource demands beyond the route.
 *
 * @throws AAuthVerificationError why the request is refused
 */
export async function judgeCheck(
  check: CheckRequest,
  verifiers: ResourceVerifiers,
  config: CheckConfig,
): Promise<Admission> {
  const { request, mode, profiles } = check;
  const resources = verifiers.resourcesFor(check);
  if (isOpen(request.method, request.target, profiles)) return { claims: NO_CLAIMS, because: "open" };
  const { signatureKey, signatureInput, signature } = draft11.messages.fields;
  // hole G10: request.headers[signature] === undefined
  const isUnsigned = [signatureKey, signatureInput, signature].every(
    (name) => request.headers[name] === undefined,
  );
  if (isUnsigned && mode !== "strict") return { claims: NO_CLAIMS, because: "unsigned" };

  const resource = resourceOf(request.headers[signatureKey] as string | undefined, resources);
  const verified = await CHECKED_PROFILES[resource.profile].judge(check, resource, config);
  return { claims: claimsHeader(resource.profile, verified.caller), because: "verified", verified };
}

/**
 * The resource in the profile whose shape a message has; the first for a message of no shape, which
 * is refused there.
 */
function resourceOf(
  signatureKey: string | undefined,
  resources: readonly CheckedResource[],
): CheckedResource {
  const name = PROFILES.find(
    (known) => signatureKey !== undefined && CHECKED_PROFILES[known].wire.messages.claims(signatureKey),
  );
  const resource = name === undefined ? resources[0] : resources.find(({ profile }) => profile === name);
  if (resource !== undefined) return resource;
  throw new AAuthVerificationError(
    "profile_not_accepted",
    `the route does not accept messages of profile ${name}`,
  );
}
