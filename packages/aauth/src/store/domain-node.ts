import { getDomain } from "tldts";

/**
 * Registrable domain of a host name by the public suffix list, including its private section. A
 * name below an unknown top-level name follows the list's default rule: two labels.
 *
 * @param host as serialized by the URL parser, without a final dot
 * @returns undefined for an address, and for a name without a registrable part
 */
export const registrableDomain = (host: string): string | undefined =>
  getDomain(host, { allowPrivateDomains: true }) ?? undefined;
