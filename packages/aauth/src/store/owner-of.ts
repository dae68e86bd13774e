import { registrableDomain } from "#owner";
import type { ProvenCaller } from "../types.ts";
import { memoize } from "./memoize.ts";

/**
 * Returns who is accountable for an identifier: its registrable domain by the public suffix list,
 * private section included, so that tenants of a hosting provider are separate owners. Quotas count
 * by owner. Ports, paths and subdomains cost nothing to the owner of a domain, and one wildcard
 * record in DNS makes any number of hosts. Browsers and workers have no list: there an owner is two
 * labels.
 *
 * An IPv4 address is its own owner; an IPv6 address belongs to its /64. A name without a
 * registrable part (`localhost`, a bare public suffix) is its own owner. Names below an unknown
 * top-level name, such as `*.localhost`, follow the list's default rule: two labels.
 *
 * @param id - a URL, of which only the host counts, or `scheme:name@host`
 * @returns a lower-case domain or address; empty for a string that is neither
 *
 * Does NOT check that the identifier is canonical, or that anything proves it: pass identifiers
 * that a signature has proven.
 */
export const ownerOf: (id: string) => string = memoize(512, (id) => {
  const host = URL.parse(id.replace(NAME_AT, "https://"))?.hostname.replace(/\.$/, "") ?? "";
  if (host.startsWith("[")) return `${firstGroups(host.slice(1, -1))}::/64`;
  return registrableDomain(host) ?? host;
});

/** What precedes the host in `scheme:name@host`. */
const NAME_AT = /^[a-z]+:[^/@]+@/;

/**
 * Returns who is accountable for a caller's requests: the owner of the agent or server that it has
 * proven to be. Where only a person is named, as in draft -11, that person, whose server the
 * configuration trusts: one person's agents never use up another's quota. Its key, where only a key
 * is known.
 */
export function ownerOfCaller({ agent, server, person, thumbprint }: ProvenCaller): string {
  const id = agent ?? server;
  if (id !== undefined) return ownerOf(id);
  return person === undefined ? thumbprint : JSON.stringify([person.iss, person.sub]); // hole S8
}

/** The first four groups of an IPv6 address in the URL parser's spelling. */
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
