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
import { DEFAULT_TOLERANCE_SECONDS } from "./check-request.ts";

/** Verifiers of the resources behind the gateway, by the authority a check names. */
export interface ResourceVerifiers {
  /** The dialect that callers speak. */
  readonly profile: WireProfile;
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
  bodyCoverage: "required" | "optional";
  maxUsedNonces: number | undefined;
}): ResourceVerifiers {
  const { trustedIssuers, discovery, now, maxUsedNonces: maxEntries } = options;
  const audiences = new Map(options.resources.map((resource) => [canonicalAuthority(resource), resource]));
  const replayStores = new Map(
    [...audiences.keys()].map((authority) => [
      authority,
      createMemoryReplayStore({ now, ...(maxEntries !== undefined && { maxEntries }) }),
    ]),
  );
  const verifiers = new Map<string, Verifier>();
  const profile = options.bodyCoverage === "optional" ? february2026Published : february2026;

  const create = (authority: string, audience: string, toleranceSeconds: number) =>
    createVerifier({
      authorities: [authority],
      audience,
      trustedIssuers,
      discovery,
      replayStore: replayStores.get(authority)!,
      now,
      toleranceSeconds,
      cryptoMode: "pool",
      bodyVerifiedBy: "downstream",
      profile,
    });

  const all: ResourceVerifiers = {
    profile,
    verifierFor(named, toleranceSeconds) {
      const authority = named ?? (audiences.size === 1 ? [...audiences.keys()][0]! : "");
      const audience = audiences.get(authority);
      if (audience === undefined) {
        throw new AAuthVerificationError(
          "unknown_authority",
          "the check names no authority that is configured here",
        );
      }
      // Bounded: the tolerance is a whole number up to 300, the authority one of the configured ones.
      const key = `${toleranceSeconds} ${authority}`;
      let verifier = verifiers.get(key);
      if (verifier === undefined) {
        verifier = create(authority, audience, toleranceSeconds);
        verifiers.set(key, verifier);
      }
      return { verifier, authority };
    },
  };
  // Made now and not at the first check, so that options that could never work are refused where they are given.
  for (const authority of audiences.keys()) all.verifierFor(authority, DEFAULT_TOLERANCE_SECONDS);
  return all;
}
