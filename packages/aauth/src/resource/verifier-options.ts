/**
 * Checks of a verifier's options.
 *
 * @module
 */

import { defaultResourceProfile } from "../default-profile.ts";
import { requireIdentifier, requireIdentifiers, requireTrust } from "../discovery/checked-options.ts";
import { canonicalAuthority } from "../http-signatures/authority.ts";
import {
  type OptionChecks,
  requireArray,
  requireMade,
  requireSeconds,
  unchecked,
} from "../keys/option-checks.ts";
import type { AcceptedProfile, VerifierOptions } from "./types.ts";

/** A larger tolerance is probably a mistake, such as milliseconds. */
const MAX_TOLERANCE_SECONDS = 3_600;

/** A lower-case field, or a derived component that every agent of this package can cover. */
const COMPONENT = /^(?:@(?:method|authority|path|query)|[a-z0-9!#$%&'*+.^_`|~-]+)$/;

/**
 * Checks of all options but those of an accepted profile, which {@link checkAcceptedProfile} makes.
 */
export const OPTION_CHECKS: OptionChecks<VerifierOptions> = {
  profile: unchecked,
  authorities: unchecked,
  audience: unchecked,
  personServers: unchecked,
  accessServer: unchecked,
  agentProviders: unchecked,
  discovery: (name, value) => requireMade(name, value ?? null, "metadata", "createDiscovery"),
  schemes: unchecked,
  accept: unchecked,
  endpoint: unchecked,
  replayStore: unchecked,
  now: unchecked,
  toleranceSeconds: (name, value) => requireSeconds(name, value, MAX_TOLERANCE_SECONDS),
  isRevoked: unchecked,
  contentDigest: unchecked,
  // Components that no message has would never be demanded.
  additionalComponents(name, components) {
    if (components === undefined) return;
    requireArray(name, components);
    const wrong = components.find((component) => !COMPONENT.test(component));
    if (wrong === undefined) return;
    throw new TypeError(`${name} must be @query and fields in lower case, not ${wrong}`);
  },
  cryptoMode: unchecked,
  observer: unchecked,
};

/**
 * Refuses identifiers that are not canonical, with which every request would be refused.
 *
 * @throws TypeError
 */
export function checkAcceptedProfile(accepted: AcceptedProfile, schemes: readonly string[]): void {
  const { authorities, audience, personServers, accessServer, agentProviders = [] } = accepted;
  const { profile = defaultResourceProfile } = accepted;
  if (audience !== undefined) requireIdentifier("audience", audience, profile);
  requireMembers("authorities", authorities);
  for (const authority of authorities) checkAuthority(authority, audience);
  const { issuers = personServers } = profile.verification;
  if ((personServers ?? accessServer) !== undefined && issuers !== personServers)
    throw new TypeError(`personServers: not in ${profile.name}`);
  if (personServers !== undefined) requireIdentifiers("personServers", personServers, profile);
  if (accessServer !== undefined) requireIdentifier("accessServer", accessServer, profile);
  if (issuers?.length && audience === undefined)
    throw new TypeError("audience is missing: the tokens' resource");
  if (accepted.schemes !== undefined) {
    requireMembers("schemes", accepted.schemes);
    for (const scheme of accepted.schemes) {
      if (!schemes.includes(scheme)) {
        throw new TypeError(`schemes must be any of ${schemes.join(", ")}, not ${scheme}`);
      }
    }
  }
  requireTrust("agentProviders", agentProviders, profile);
  if (accepted.peers !== undefined) requireIdentifiers("peers", accepted.peers, profile);
}

function requireMembers(name: string, values: readonly string[]): void {
  requireArray(name, values);
  if (values.length === 0) throw new TypeError(`${name} must not be empty`);
}

function checkAuthority(authority: string, audience: string | undefined): void {
  const schemes = audience === undefined ? ["http:", "https:"] : [new URL(audience).protocol];
  if (schemes.some((scheme) => authorityAsSigned(`${scheme}//${authority}`) === authority)) return;
  throw new TypeError(`authorities must be as canonicalAuthority(url) returns them, not ${authority}`);
}

function authorityAsSigned(url: string): string | undefined {
  try {
    return canonicalAuthority(url);
  } catch {
    return undefined;
  }
}
