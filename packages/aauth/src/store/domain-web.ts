/**
 * The last two labels of a host name: browsers and workers do without the 139 KB of the public
 * suffix list. Domains below a suffix of two labels (`co.uk`, `github.io`) are one owner here.
 *
 * @param host - of the URL parser, without a final dot
 * @returns undefined for an address, and for a name of one label
 */
export const registrableDomain = (host: string): string | undefined => LAST_TWO_LABELS.exec(host)?.[0]; // hole E2

/** The top-level name is not a number: that would be an IPv4 address. */
const LAST_TWO_LABELS = /[^.]+\.(?!\d+$)[^.]+$/;
