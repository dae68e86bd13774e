import { registrableDomain } from "#owner";
import type { ProvenCaller } from "../types.ts";
import { memoize } from "./memoize.ts";

/**
 * Returns the owner accountable for an identifier: its registrable domain by the public suffix
 * list, including the private section, so that tenants of a hosting provider are separate owners.
 * Quotas count by owner, because ports, paths and subdomains are free for the owner of a domain.
 * Without the list, in browsers and workers, an owner is two labels.
 *
 * An IPv4 address is its own owner; an IPv6 address belongs to its /64. A name without a
 * registrable part (`localhost`, a bare public suffix) is its own owner. Names below an unknown
 * top-level name, such as `*.localhost`, follow the list's default rule: two labels.
 *
 * @param id a URL, of which only the host is used, or `scheme:name@host`
 * @returns a lower-case domain or address; empty for an invalid identifier
 *
 * Does NOT check that the identifier is canonical or proven: pass identifiers that a signature has
 * proven.
 */
export const ownerOf: (id: string) => string = memoize(512, (id) => {
  const host = URL.parse(id.replace(NAME_AT, "https://"))?.hostname.replace(/\.$/, "") ?? "";
  if (host.startsWith("[")) return `${firstGroups(host.slice(1, -1))}::/64`;
  return registrableDomain(host) ?? host;
});

/** Prefix before the host in `scheme:name@host`. */
const NAME_AT = /^[a-z]+:[^/@]+@/;

/**
 * Returns the owner accountable for a caller's requests: the owner of the proven agent or server;
 * else the person, as in draft -11, whose trusted server names them, so that one person's agents
 * cannot use up another's quota; else the key.
 */
export function ownerOfCaller({ agent, server, person, thumbprint }: ProvenCaller): string {
  const id = agent ?? server;
  if (id !== undefined) return ownerOf(id);
  return person === undefined ? thumbprint : JSON.stringify([person.iss, person.sub]); // hole S8
}

/** The first four groups of an IPv6 address, as serialized by the URL parser. */
function firstGroups(address: string): string {
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const last = tail === "" ? [] : tail.split(":");
    const zeros = Array.from({ length: 8 - groups.length - last.length }, () => "0");
    groups.push(...zeros, ...last);
  }
  return groups.slice(0, 4).join(":");
}
