/**
 * The published demo's dialect, by peer: peers in `AAUTH_PUBLISHED_PEERS` cover neither body nor
 * nonce, all others do.
 *
 * @module
 */

import type { AAuthVerificationError, Requirement } from "aauth";
import {
  type FebruaryDialect,
  february2026,
  february2026Published,
  february2026Resource,
} from "aauth/february-2026";
import type { Config, publishedPeersSettings } from "../service/config/index.ts";
import type { ServiceOptions } from "../service/index.ts";

/** Values of the two settings. */
export type PublishedPeers = Config<typeof publishedPeersSettings>;

/** Option of a verifier's `accept`: the peers from which the dialect is accepted. */
export function acceptedFromPeers({ publishedPeers, publishedHwk }: PublishedPeers, authServer: string) {
  if (publishedPeers.length === 0 && !publishedHwk) return [];
  const profile = february2026Resource({ authServer, dialect: february2026Published });
  return [{ profile, peers: publishedPeers }];
}

/**
 * A route's requirement. If callers may be known only by key, it also accepts the dialect from
 * them, if enabled.
 */
export function acceptedAtRoute<R extends Requirement>(requirement: R, { publishedHwk }: PublishedPeers): R {
  if (!publishedHwk || requirement.level !== "pseudonymous") return requirement;
  return { ...requirement, profiles: [february2026.name, february2026Published.name] };
}

/**
 * The dialects of an agent that calls one resource.
 *
 * @param address any URL of the resource, whose origin is its identifier
 * @param authServer issuer identifier
 */
export function dialectsOf(
  { publishedPeers }: Pick<PublishedPeers, "publishedPeers">,
  address: string,
  authServer: string,
): { dialect: FebruaryDialect; serverDialect: FebruaryDialect } {
  const dialectOf = (id: string) => (publishedPeers.includes(id) ? february2026Published : february2026);
  return { dialect: dialectOf(new URL(address).origin), serverDialect: dialectOf(authServer) };
}

/** Warns at the start about peers whose messages do not cover the body. */
export function warnOfPublishedPeers(
  logger: ServiceOptions["logger"],
  { publishedPeers, publishedHwk }: PublishedPeers,
): void {
  const whose = [
    ...publishedPeers,
    ...(publishedHwk ? ["callers known by key alone (AAUTH_PUBLISHED_HWK)"] : []),
  ];
  if (whose.length > 0)
    logger.warn(
      {},
      `These peers do not cover the body, so a change in transit is not detected: ${whose.join(", ")}`,
    );
}

const BODY_COMPONENTS = ["content-type", february2026.messages.fields.contentDigest];

/**
 * Suggested setting for a refused message of a published agent, which covers all but its body.
 * Undefined for all other refusals.
 */
export function publishedPeerHint({ code, claim, report }: AAuthVerificationError): string | undefined {
  const missing = claim?.split(" ") ?? [];
  if (code !== "insufficient_coverage" || !missing.every((name) => BODY_COMPONENTS.includes(name)))
    return undefined;
  const setting = report?.scheme === "hwk" ? "set AAUTH_PUBLISHED_HWK" : "name it in AAUTH_PUBLISHED_PEERS";
  return `an agent of the published demo does not cover the body: ${setting}`;
}
