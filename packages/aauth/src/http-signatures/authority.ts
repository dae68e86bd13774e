/**
 * Scheme, authority, path, query; no nested repetition. A backslash is no slash here, as it is none
 * on the wire.
 */
const ABSOLUTE_URL = /^(https?):\/\/([^/?#]*)(\/[^?#]*)?(\?[^#]*)?(?:#|$)/i;
const HOST_AND_PORT = /^([a-z0-9._~!$&'()*+,;=%-]+|\[[0-9a-f:.]+\])(?::([0-9]{0,5}))?$/;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/**
 * An absolute URL taken apart without being normalised: what goes on the wire is what has to be
 * signed.
 */
export interface RequestTarget {
  /** `http` or `https`. */
  readonly scheme: string;
  /** Canonical: lower case, the port only when it is not the scheme's. */
  readonly authority: string;
  /** Path and query as on the request line; the path is at least `/`, a fragment is gone. */
  readonly target: string;
}

/**
 * Takes an absolute http or https URL apart.
 *
 * @throws {TypeError} when the URL is not absolute, not http or https, or has a user part
 */
export function requestTarget(url: string): RequestTarget {
  const match = ABSOLUTE_URL.exec(url);
  if (!match) throw new TypeError("url must be an absolute http or https URL");
  const scheme = match[1]!.toLowerCase();
  const host = HOST_AND_PORT.exec(match[2]!.toLowerCase());
  if (!host) throw new TypeError("url must name a host, with at most a port and no user");
  const [, name, portText] = host;
  const port = portText ? Number(portText) : DEFAULT_PORTS[scheme]!;
  if (port > 65_535) throw new TypeError("url must name a port that exists");
  const authority = port === DEFAULT_PORTS[scheme] ? name! : `${name}:${port}`;
  return { scheme, authority, target: `${match[3] || "/"}${match[4] ?? ""}` };
}

/**
 * The canonical authority of a URL: lower-case host, the port only when it is not the scheme's own.
 * What `@authority` stands for (profile 2.2), and the form of the authorities a verifier is
 * configured with.
 *
 * @param url absolute, http or https; path and query do not count
 * @throws {TypeError} when it is not, or has a user part
 *
 * @example
 * canonicalAuthority("https://Resource.Example:443/data"); // resource.example
 */
export function canonicalAuthority(url: string): string {
  return requestTarget(url).authority;
}
