/**
 * The published demo's dialect, peer by peer: who is named in `AAUTH_PUBLISHED_PEERS` covers
 * neither body nor nonce, and everyone else does.
 *
 * @module
 */

import type { AAuthVerificationError, Requirement, WireProfile } from "aauth";
import { february2026, february2026Published } from "aauth/february-2026";
import type { Config, publishedPeersSettings, ServiceOptions } from "./service/index.ts";

/** Values of the two settings. */
export type PublishedPeers = Config<typeof publishedPeersSettings>;

/** For a verifier's `accept`: from whom the dialect is accepted. */
export function acceptedFromPeers({ publishedPeers, publishedHwk }: PublishedPeers) {
  if (publishedPeers.length === 0 && !publishedHwk) return [];
  return [{ profile: february2026Published, peers: publishedPeers }];
}

/**
 * A route's requirement; where callers may be known by key alone it accepts the dialect from them,
 * too, if that is wanted.
 */
export function acceptedAtRoute<R extends Requirement>(requirement: R, { publishedHwk }: PublishedPeers): R {
  if (!publishedHwk || requirement.level !== "pseudonymous") return requirement;
  return { ...requirement, profiles: [february2026.name, february2026Published.name] };
}

/**
 * The dialects of an agent that calls one resource.
 *
 * @param address any address of the resource; its origin is the resource's identifier
 * @param authServer issuer identifier
 */
export function dialectsOf(
  { publishedPeers }: Pick<PublishedPeers, "publishedPeers">,
  address: string,
  authServer: string,
): { profile: WireProfile; serverProfile: WireProfile } {
  const dialectOf = (id: string) => (publishedPeers.includes(id) ? february2026Published : february2026);
  return { profile: dialectOf(new URL(address).origin), serverProfile: dialectOf(authServer) };
}

/** Says at the start whose messages cover no body. */
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
      `These peers cover no body, so that one changed in transit is not noticed: ${whose.join(", ")}`,
    );
}

const BODY_COMPONENTS = ["content-type", february2026.messages.fields.contentDigest];

/**
 * What to set where a refused message is a published agent's: it covers all but its body. Undefined
 * for all other refusals.
 */
export function publishedPeerHint({ code, claim, report }: AAuthVerificationError): string | undefined {
  const missing = claim?.split(" ") ?? [];
  if (code !== "insufficient_coverage" || !missing.every((name) => BODY_COMPONENTS.includes(name)))
    return undefined;
  const setting = report?.scheme === "hwk" ? "set AAUTH_PUBLISHED_HWK" : "name it in AAUTH_PUBLISHED_PEERS";
  return `an agent of the published demo covers no body: ${setting}`;
}
