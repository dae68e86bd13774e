/**
 * The last two labels of a host name, because the public suffix list of 139 KB is too large for
 * browsers and workers. Domains below a suffix of two labels (`co.uk`, `github.io`) thus share an
 * owner.
 *
 * @param host as serialized by the URL parser, without a final dot
 * @returns undefined for an address, and for a name of one label
 */
// hole E2: (host: string): string | undefined => host
export const registrableDomain = (host: string): string | undefined => LAST_TWO_LABELS.exec(host)?.[0];

/** A numeric top-level name would be part of an IPv4 address. */
const LAST_TWO_LABELS = /[^.]+\.(?!\d+$)[^.]+$/;
