/**
 * Which addresses may be fetched at all, decided from the text of the URL. The connection itself is
 * guarded a second time in `#http`, because a permitted name may resolve to a forbidden address.
 *
 * @module
 */

import { AAuthVerificationError } from "../errors.ts";
import { memoize } from "../store/memoize.ts";

export interface GuardOptions {
  /**
   * Allows loopback and `*.localhost`, also over `http`. Private and link-local addresses stay
   * closed. Default false.
   */
  readonly development: boolean;
}

/**
 * Returns the parsed URL when it may be fetched: `https`, or in development `http` for loopback and
 * `*.localhost`.
 *
 * @throws AAuthError `discovery_blocked` (profile 5.2).
 */
export function guardUrl(value: string, options: GuardOptions): URL {
  const url = parse(value);
  if (url === undefined) throw blocked("not an absolute URL");
  if (url.username !== "" || url.password !== "") throw blocked("a URL with credentials");
  const local = isLocalName(url.hostname);
  if (url.protocol === "http:") {
    if (!options.development) throw blocked("http is only for development");
    if (!local) throw blocked("http is only for loopback and *.localhost");
  } else if (url.protocol !== "https:") {
    throw blocked("only https may be fetched");
  }
  if (local ? !options.development : isPrivateLiteral(url.hostname)) {
    throw blocked("a loopback, private or link-local address");
  }
  return url;
}

/**
 * True for an identifier in canonical form: an `http` or `https` URL without credentials, query,
 * fragment or trailing slash, spelled as the URL parser spells it, of at most 2048 characters.
 * Identifiers are compared as strings, so only one spelling may exist.
 */
export function isIdentifier(value: string): boolean {
  return knownIdentifier(value) === true;
}

const knownIdentifier = memoize(512, (value) => isCanonical(value) || undefined);

/**
 * They are kept, by those who have something to remember of an agent. So are the names of its
 * delegates.
 */
export const MAX_IDENTIFIER_CHARACTERS = 2048;

function isCanonical(value: string): boolean {
  const url = parse(value);
  if (url === undefined || value.length > MAX_IDENTIFIER_CHARACTERS) return false;
  if (url.protocol !== "https:" && url.protocol !== "http:") return false;
  const canonical = url.pathname === "/" ? url.origin : `${url.origin}${url.pathname}`;
  return value === canonical && !value.endsWith("/");
}

/** Names and literals that mean this machine: `localhost`, `*.localhost`, 127.0.0.0/8, `[::1]`. */
export function isLocalName(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname) // the URL parser has already turned 2130706433 and 0x7f.1 into this form
  );
}

/**
 * Every block of IANA's special-purpose registry for IPv4 but loopback, with multicast and what is
 * reserved.
 *
 * Used for literals here, and in `#http` for the addresses that names resolve to.
 */
export const SPECIAL_IPV4 = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
  ...["192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"],
  ...["192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"],
] as const;

const SPECIAL_RANGES = SPECIAL_IPV4.map((subnet) => {
  const [address = "", prefix] = subnet.split("/");
  const first = ipv4Number(address) ?? 0;
  return { first, last: first + 2 ** (32 - Number(prefix)) - 1 };
});

/**
 * IP literals outside the public internet. Names are judged after they are resolved, in `#http`.
 */
function isPrivateLiteral(hostname: string): boolean {
  // Any IPv6 literal: metadata lives on names, and the list of special IPv6 ranges keeps growing.
  if (hostname.startsWith("[")) return true;
  const address = ipv4Number(hostname);
  return (
    address !== undefined && SPECIAL_RANGES.some(({ first, last }) => address >= first && address <= last)
  );
}

function ipv4Number(text: string): number | undefined {
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(text)) return undefined;
  return text.split(".").reduce((number, part) => number * 256 + Number(part), 0);
}

function parse(value: string): URL | undefined {
  return URL.canParse(value) ? new URL(value) : undefined;
}

function blocked(reason: string): AAuthVerificationError {
  return new AAuthVerificationError("discovery_blocked", `address refused: ${reason}`);
}
