import {
  AAuthVerificationError,
  canonicalAuthority,
  createMemoryReplayStore,
  type Discovery,
  february2026,
  february2026Published,
  type WireProfile,
} from "aauth";
import { createVerifier, type Verifier } from "aauth/resource";
import { acceptedFromPeers, type PublishedPeers } from "agent-kit/published-peers";
import { DEFAULT_TOLERANCE_SECONDS } from "./check-request.ts";

/** Verifiers of the resources behind the gateway, by the authority a check names. */
export interface ResourceVerifiers {
  /** Its names of the signature fields are those of all dialects that callers may speak. */
  readonly profile: WireProfile;
  /** Who else may speak the published demo's dialect. */
  readonly peers: PublishedPeers;
  /**
   * The verifier for an authority, and the authority in its canonical form. Default: the only configured resource.
   *
   * @throws AAuthError unknown_authority; also for a missing one where there are several resources
   */
  verifierFor(
    authority: string | undefined,
    toleranceSeconds: number,
  ): { verifier: Verifier; authority: string };
}

/**
 * One verifier per resource and tolerance. Audience and issuers are this service's own configuration. Each resource has a memory of used
 * nonces of its own, so that a flood of callers at one does not affect the others.
 *
 * @throws TypeError for a resource or an issuer that is no canonical identifier
 */
export function createResourceVerifiers(options: {
  resources: readonly string[];
  trustedIssuers: readonly string[];
  discovery: Discovery;
  now: () => number;
  peers: PublishedPeers;
  maxUsedNonces: number | undefined;
}): ResourceVerifiers {
  const { trustedIssuers, discovery, now, peers, maxUsedNonces: maxEntries } = options;
  const resources = new Map(
    options.resources.map((audience) => {
      const authority = canonicalAuthority(audience);
      const replayStore = createMemoryReplayStore({ now, ...(maxEntries !== undefined && { maxEntries }) });
      const accepted = { authorities: [authority], audience, trustedIssuers, discovery };
      // To a resource that is a peer itself everyone speaks its dialect: it could read no other.
      const dialects = peers.publishedPeers.includes(audience)
        ? { profile: february2026Published }
        : { accept: acceptedFromPeers(peers).map((variant) => ({ ...accepted, ...variant })) };
      const create = (toleranceSeconds: number) =>
        createVerifier({
          ...accepted,
          ...dialects,
          replayStore,
          now,
          toleranceSeconds,
          cryptoMode: "pool",
          bodyVerifiedBy: "downstream",
        });
      // The first is made now and not at the first check, so that options that could never work are refused where they are given.
      const byTolerance = new Map([[DEFAULT_TOLERANCE_SECONDS, create(DEFAULT_TOLERANCE_SECONDS)]]);
      return [authority, { create, byTolerance }] as const;
    }),
  );
  return {
    profile: february2026,
    peers,
    verifierFor(named, toleranceSeconds) {
      const authority = named ?? (resources.size === 1 ? [...resources.keys()][0]! : "");
      const resource = resources.get(authority);
      if (resource === undefined) {
        throw new AAuthVerificationError(
          "unknown_authority",
          "the check names no authority that is configured here",
        );
      }
      // Bounded: the tolerance is a whole number up to 300.
      const verifier = resource.byTolerance.get(toleranceSeconds) ?? resource.create(toleranceSeconds);
      resource.byTolerance.set(toleranceSeconds, verifier);
      return { verifier, authority };
    },
  };
}
