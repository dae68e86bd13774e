import { AAuthVerificationError, canonicalAuthority, type Discovery, draft11, type Stores } from "aauth";
import { february2026Published, february2026Resource } from "aauth/february-2026";
import { createVerifier, type Verifier, type VerifierOptions } from "aauth/resource";
import { acceptedFromPeers, type PublishedPeers } from "agent-kit/published-peers";
import { type CheckRequest, DEFAULT_TOLERANCE_SECONDS } from "./check-request.ts";
import type { ProfileName } from "./wire-profiles.ts";

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
  /** Peers that may use the published demo's dialect. */
  readonly peers: PublishedPeers;
  /**
   * The resource of each profile that the route takes, in the order of its list. Default for the
   * authority: the only resource of the profile.
   *
   * @throws AAuthVerificationError unknown_authority; also for a missing one where there are
   * several resources
   */
  resourcesFor(check: CheckRequest): readonly CheckedResource[];
}

/** The resources of one profile, and whom they trust. */
interface ProfileResources {
  /** Identifiers. */
  readonly resources: readonly string[];
  readonly discovery: Discovery;
  /** Further options of a verifier: issuers and variants. */
  options(resource: string): Pick<VerifierOptions, "profile" | "accept" | "personServers" | "accessServer">;
}

/** Trusted issuers of draft -11 tokens. */
export interface Draft11Trust {
  readonly personServers: readonly string[];
  /** If set, only its auth tokens are accepted. */
  readonly accessServer: string | undefined;
}

/**
 * One verifier per resource, profile and tolerance. Audience and issuers come from this service's
 * configuration. Each resource has its own memory of used nonces, so that a flood of callers at one
 * does not affect the others.
 *
 * @throws TypeError for a resource or an issuer that is not a canonical identifier
 */
export function createResourceVerifiers(options: {
  february: { resources: readonly string[]; authServer: string; discovery: Discovery };
  draft11: { resources: readonly string[]; discovery: Discovery } & Draft11Trust;
  now: () => number;
  peers: PublishedPeers;
  stores: Pick<Stores, "claims">;
}): ResourceVerifiers {
  const { february, draft11: ofDraft11, now, peers, stores } = options;
  const { personServers, accessServer } = ofDraft11;
  const servers = accessServer === undefined ? personServers : [...personServers, accessServer];

  const verifiersOf = ({ resources, discovery, options }: ProfileResources) =>
    new Map(
      resources.map((audience) => {
        const authority = canonicalAuthority(audience);
        const shared = {
          authorities: [authority],
          audience,
          discovery,
          now,
          ...options(audience),
          replayStore: stores.claims(`replay ${audience}`),
          ...({ cryptoMode: "pool", contentDigest: "covered" } as const),
        };
        const create = (toleranceSeconds: number, endpoint?: "revocation") =>
          createVerifier({
            ...shared,
            toleranceSeconds,
            // Only the trusted servers may revoke tokens.
            ...(endpoint !== undefined && { endpoint, agentProviders: servers }),
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

  const byProfile: Readonly<Record<ProfileName, ReturnType<typeof verifiersOf>>> = {
    "february-2026": verifiersOf({ ...february, options: ofFebruary }),
    "draft-11": verifiersOf({
      ...ofDraft11,
      options: () => ({ profile: draft11, personServers, accessServer }),
    }),
  };

  function ofFebruary(audience: string) {
    const { authServer, discovery } = february;
    // A resource that is a published peer itself can only read the published demo's dialect.
    if (peers.publishedPeers.includes(audience)) {
      return { profile: february2026Resource({ authServer, dialect: february2026Published }) };
    }
    const accepted = { authorities: [canonicalAuthority(audience)], audience, discovery };
    return {
      profile: february2026Resource({ authServer }),
      accept: acceptedFromPeers(peers, authServer).map((variant) => ({ ...accepted, ...variant })),
    };
  }

  return {
    peers,
    resourcesFor({ authorities, profiles, toleranceSeconds }) {
      const found = profiles.map((profile): CheckedResource => {
        const verifiers = byProfile[profile];
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
