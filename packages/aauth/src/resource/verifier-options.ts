/**
 * Checks of a verifier's options.
 *
 * @module
 */

import { defaultResourceProfile } from "../default-profile.ts";
import { requireIdentifier, requireIdentifiers } from "../discovery/checked-options.ts";
import { canonicalAuthority } from "../http-signatures/authority.ts";
import { requireArray, requireSeconds } from "../keys/option-checks.ts";
import type { AcceptedProfile } from "./types.ts";

/** @throws RangeError for a `toleranceSeconds` out of range. */
export function checkTolerance(toleranceSeconds: number | undefined): void {
  requireSeconds("toleranceSeconds", toleranceSeconds, MAX_TOLERANCE_SECONDS);
}

/** A larger tolerance is probably a mistake, such as milliseconds. */
const MAX_TOLERANCE_SECONDS = 3_600;

/** A lower-case field, or a derived component that every agent of this package can cover. */
const COMPONENT = /^(?:@(?:method|authority|path|query)|[a-z0-9!#$%&'*+.^_`|~-]+)$/;

/**
 * Refuses components that no message has, and which would therefore never be demanded.
 *
 * @throws TypeError
 */
export function checkAdditionalComponents(components: readonly string[] | undefined): void {
  if (components === undefined) return;
  requireArray("additionalComponents", components);
  for (const name of components) {
    if (!COMPONENT.test(name)) {
      throw new TypeError(`additionalComponents must be @query and fields in lower case, not ${name}`);
    }
  }
}

/**
 * Refuses identifiers that are not canonical, with which every request would be refused.
 *
 * @throws TypeError
 */
export function checkAcceptedProfile(accepted: AcceptedProfile, schemes: readonly string[]): void {
  const { authorities, audience, trustedIssuers, agentProviders = [] } = accepted;
  const { profile = defaultResourceProfile } = accepted;
  if (audience !== undefined) requireIdentifier("audience", audience, profile);
  requireArray("authorities", authorities);
  if (authorities.length === 0) throw new TypeError("authorities must name at least one host");
  for (const authority of authorities) checkAuthority(authority, audience);
  if (trustedIssuers !== undefined) requireIdentifiers("trustedIssuers", trustedIssuers, profile);
  if (accepted.accessServer !== undefined) requireIdentifier("accessServer", accepted.accessServer, profile);
  if (trustedIssuers?.length && audience === undefined) {
    throw new TypeError("trustedIssuers requires audience: a token is valid only for the resource it names");
  }
  if (accepted.schemes !== undefined) {
    requireArray("schemes", accepted.schemes);
    if (accepted.schemes.length === 0) throw new TypeError("schemes must name at least one scheme");
    for (const scheme of accepted.schemes) {
      if (!schemes.includes(scheme)) {
        throw new TypeError(`schemes must be any of ${schemes.join(", ")}, not ${scheme}`);
      }
    }
  }
  if (typeof agentProviders !== "function") requireIdentifiers("agentProviders", agentProviders, profile);
  if (accepted.peers !== undefined) requireIdentifiers("peers", accepted.peers, profile);
}

function checkAuthority(authority: string, audience: string | undefined): void {
  if (!/^[^/?#@\sA-Z]+$/.test(authority)) {
    throw new TypeError(`authorities must be lower-case host[:port], not ${authority}`);
  }
  const schemes = audience === undefined ? ["http", "https"] : [new URL(audience).protocol.slice(0, -1)];
  const candidates = schemes.map((scheme) => authorityAsSigned(`${scheme}://${authority}`));
  if (candidates.includes(authority)) return;
  const [signed] = candidates;
  throw new TypeError(
    signed === undefined
      ? `authorities must be lower-case host[:port], not ${authority}`
      : `authorities must be as callers sign them: ${signed}, not ${authority} (without the scheme's default port)`,
  );
}

function authorityAsSigned(url: string): string | undefined {
  try {
    return canonicalAuthority(url);
  } catch {
    return undefined;
  }
}
