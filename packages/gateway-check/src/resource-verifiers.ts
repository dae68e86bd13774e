import { AAuthVerificationError, canonicalAuthority, type Discovery, type Stores } from "aauth";
import { createVerifier, type Verifier } from "aauth/resource";
import { PROFILES, type ProfileName } from "agent-kit/settings";
import { type CheckRequest, DEFAULT_TOLERANCE_SECONDS } from "./check-request.ts";
import type { CheckConfig } from "./check-settings.ts";
import { CHECKED_PROFILES } from "./profiles.ts";

/** A resource behind the gateway in one profile, for one check. */
export interface CheckedResource {
  readonly profile: ProfileName;
  /** Authority that callers sign, in canonical form. */
  readonly authority: string;
  /** @param endpoint `revocation` for what servers sign in their own name; default `resource` */
  verifier(endpoint?: "revocation"): Verifier;
}

/** Verifiers of the resources behind the gateway, by the authority a check names. */
export interface ResourceVerifiers {
  /**
   * The resource of each profile that the route takes, in the order of its list. Default for the
   * authority: the only resource of the profile.
   *
   * @throws AAuthVerificationError unknown_authority; also for a missing one where there are
   * several resources
   */
  resourcesFor(check: CheckRequest): readonly CheckedResource[];
}

/**
 * One verifier per resource, profile and tolerance. Audience and issuers come from this service's
 * configuration. Each resource has its own memory of used nonces, so that a flood of callers at one
 * does not affect the others.
 *
 * @throws TypeError for a resource or an issuer that is not a canonical identifier
 */
export function createResourceVerifiers(
  config: CheckConfig,
  options: {
    discovery: Readonly<Record<ProfileName, Discovery>>;
    now: () => number;
    stores: Pick<Stores, "claims">;
  },
): ResourceVerifiers {
  const { now, stores } = options;

  const verifiersOf = (profile: ProfileName) => {
    const { resources, trust, revokers } = CHECKED_PROFILES[profile];
    const discovery = options.discovery[profile];
    return new Map(
      resources(config).map((audience) => {
        const authority = canonicalAuthority(audience);
        const own = { authorities: [authority], audience, discovery };
        const { accept = [], ...trusted } = trust(config, audience);
        const shared = {
          ...own,
          now,
          ...trusted,
          accept: accept.map((variant) => ({ ...own, ...variant })),
          replayStore: stores.claims(`replay ${audience}`),
          ...({ cryptoMode: "pool", contentDigest: "covered" } as const),
        };
        const create = (toleranceSeconds: number, endpoint?: "revocation") =>
          createVerifier({
            ...shared,
            toleranceSeconds,
            // Only the trusted servers may revoke tokens.
            ...(endpoint !== undefined && { endpoint, agentProviders: revokers(config) }),
          });
        // The first is made now and not at the first check, so that options that could never work
        // are refused where they are given.
        const byTolerance = new Map<string, Verifier>();
        const verifierFor = (toleranceSeconds: number, endpoint?: "revocation") => {
          // Bounded: the tolerance is a whole number up to 300.
          const key = `${toleranceSeconds} ${endpoint}`;
          const verifier = byTolerance.get(key) ?? create(toleranceSeconds, endpoint);
          byTolerance.set(key, verifier);
          return verifier;
        };
        verifierFor(DEFAULT_TOLERANCE_SECONDS);
        return [authority, verifierFor] as const;
      }),
    );
  };
  const byProfile = new Map(PROFILES.map((name) => [name, verifiersOf(name)]));

  return {
    resourcesFor({ authorities, profiles, toleranceSeconds }) {
      const found = profiles.map((profile): CheckedResource => {
        const verifiers = byProfile.get(profile)!;
        const known = [...verifiers.keys()];
        const [authority, ...more] = authorities ? known.filter((own) => authorities.includes(own)) : known;
        if (authority === undefined || more.length > 0) throw unknownAuthority();
        const verifierFor = verifiers.get(authority)!;
        return { profile, authority, verifier: (endpoint) => verifierFor(toleranceSeconds, endpoint) };
      });
      // One that no profile of the route has is a mistake, and not to be passed over.
      if (authorities?.some((named) => !found.some(({ authority }) => authority === named)))
        throw unknownAuthority();
      return found;
    },
  };
}

const unknownAuthority = () =>
  new AAuthVerificationError("unknown_authority", "the check names no authority that is configured here");
