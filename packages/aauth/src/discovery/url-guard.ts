/**
 * Guard on the URL of a fetch. `#http` also guards the connected address, because an allowed name
 * may resolve to a forbidden address.
 *
 * @module
 */

import { AAuthVerificationError } from "../errors.ts";
import { memoize } from "../store/memoize.ts";
import type { AddressMap } from "./address-map.ts";

export interface GuardOptions {
  /**
   * Allows loopback and `*.localhost`, even over `http`. Private and link-local addresses remain
   * forbidden.
   */
  readonly development: boolean;
}

/**
 * Parses a URL that may be fetched: `https`, or in development `http` for loopback and
 * `*.localhost`.
 *
 * @throws AAuthError `discovery_blocked` (profile 5.2).
 */
export function guardUrl(value: string, options: GuardOptions): URL {
  const url = parse(value);
  if (url === undefined) throw blocked("not an absolute URL");
  if (url.username !== "" || url.password !== "") throw blocked("the URL has credentials");
  const local = isLocalName(url.hostname);
  if (url.protocol === "http:") {
    if (!options.development) throw blocked("http is allowed only in development");
    if (!local) throw blocked("http is allowed only for loopback and *.localhost"); // hole G4+, D8+
  } else if (url.protocol !== "https:") {
    throw blocked("only https is allowed");
  }
  // hole G4+, D8+
  if (local ? !options.development : isPrivateLiteral(url.hostname)) {
    throw blocked("it is a loopback, private or link-local address");
  }
  return url;
}

/**
 * Refuses to sign for plain `http`: everyone on the way could read the tokens of the request, and
 * replace its response. Allowed are this machine (loopback, `*.localhost`) and parties of the map.
 *
 * @throws AAuthError `discovery_blocked`
 */
export function guardSigned(address: string, addresses: Pick<AddressMap, "has"> | undefined): void {
  if (address.startsWith("https:")) return;
  const { protocol, hostname, origin } = new URL(address);
  if (protocol === "https:" || isLocalName(hostname) || addresses?.has(origin)) return;
  throw blocked(`${origin} is plain http, signed only for loopback, *.localhost and the address map`);
}

/**
 * True for an identifier in canonical form: an `http` or `https` URL without credentials, query,
 * fragment or trailing slash, exactly as serialized by the URL parser, of at most 2048 characters.
 * Identifiers are compared as strings, so each has only one valid form.
 */
export function isIdentifier(value: string): boolean {
  return knownIdentifier(value) === true;
}

const knownIdentifier = memoize(512, (value) => isCanonical(value) || undefined);

/** Limit of identifiers, which stores keep. It also applies to names of delegates. */
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
    /^127\.\d+\.\d+\.\d+$/.test(hostname) // The URL parser has already normalised 2130706433 and 0x7f.1 to this form.
  );
}

/**
 * All blocks of IANA's special-purpose registry for IPv4 except loopback, plus multicast and
 * reserved addresses.
 *
 * Used here for literals, and in `#http` for resolved addresses.
 */
export const SPECIAL_IPV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
] as const;

const SPECIAL_RANGES = SPECIAL_IPV4.map((subnet) => {
  const [address = "", prefix] = subnet.split("/");
  const first = ipv4Number(address) ?? 0;
  return { first, last: first + 2 ** (32 - Number(prefix)) - 1 };
});

/** IP literals outside the public internet. `#http` checks names after their resolution. */
function isPrivateLiteral(hostname: string): boolean {
  // All IPv6 literals are refused: parties use names, and the list of special IPv6 ranges keeps
  // growing.
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
