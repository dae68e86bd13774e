/**
 * Scheme, authority, path and query, without nested quantifiers. A backslash is not a slash here,
 * because it is not one on the wire.
 */
const ABSOLUTE_URL = /^(https?):\/\/([^/?#]*)(\/[^?#]*)?(\?[^#]*)?(?:#|$)/i;
const HOST_AND_PORT = /^([a-z0-9._~!$&'()*+,;=%-]+|\[[0-9a-f:.]+\])(?::([0-9]{0,5}))?$/;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** An absolute URL split without normalisation, so that the bytes signed are the bytes sent. */
export interface RequestTarget {
  /** `http` or `https`. */
  readonly scheme: string;
  /** Canonical: lower case, with the port only if it is not the scheme's default. */
  readonly authority: string;
  /** Path and query as on the request line. The path is at least `/`; a fragment is dropped. */
  readonly target: string;
}

/**
 * Splits an absolute http or https URL.
 *
 * @throws {TypeError} when the URL is not absolute, not http or https, or has a user part
 */
export function requestTarget(url: string): RequestTarget {
  const match = ABSOLUTE_URL.exec(url);
  if (!match) throw new TypeError("url must be an absolute http or https URL");
  const scheme = match[1]!.toLowerCase();
  const host = HOST_AND_PORT.exec(match[2]!.toLowerCase());
  if (!host) throw new TypeError("url must have a host, optionally a port, and no user part");
  const [, name, portText] = host;
  const port = portText ? Number(portText) : DEFAULT_PORTS[scheme]!;
  if (port > 65_535) throw new TypeError("url must have a port of at most 65535");
  const authority = port === DEFAULT_PORTS[scheme] ? name! : `${name}:${port}`;
  return { scheme, authority, target: `${match[3] || "/"}${match[4] ?? ""}` };
}

/**
 * The canonical authority of a URL: lower-case host, the port only if it is not the scheme's
 * default. This is the value of `@authority` (profile 2.2), and the form of a verifier's configured
 * authorities.
 *
 * @param url absolute, http or https; path and query are ignored
 * @throws {TypeError} when the URL is not absolute, not http or https, or has a user part
 *
 * @example
 * canonicalAuthority("https://Resource.Example:443/data"); // resource.example
 */
export function canonicalAuthority(url: string): string {
  return requestTarget(url).authority;
}
