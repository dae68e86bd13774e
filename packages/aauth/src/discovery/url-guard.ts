/**
 * Which addresses may be fetched at all, decided from the text of the URL. The connection itself is guarded a second
 * time in `#http`, because a permitted name may resolve to a forbidden address.
 *
 * @module
 */

import { AAuthVerificationError } from "../errors.ts";
import { remembering } from "../store/remembering.ts";

export interface GuardOptions {
  /** Allows loopback and `*.localhost`, also over `http`. Private and link-local addresses stay closed. Default false. */
  readonly development: boolean;
}

/**
 * Returns the parsed URL when it may be fetched: `https`, or in development `http` for loopback and `*.localhost`.
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
 * True for an identifier in canonical form: an `http` or `https` URL without credentials, query, fragment or trailing
 * slash, spelled as the URL parser spells it, of at most 2048 characters. Identifiers are compared as strings, so only one spelling may exist.
 */
export function isIdentifier(value: string): boolean {
  return knownIdentifier(value) === true;
}

const knownIdentifier = remembering(512, (value) => isCanonical(value) || undefined);

/** They are kept, by those who have something to remember of an agent. So are the names of its delegates. */
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

/** IP literals outside the public internet. Names are judged after they are resolved, in `#http`. */
function isPrivateLiteral(hostname: string): boolean {
  // Any IPv6 literal: metadata lives on names, and the list of special IPv6 ranges keeps growing.
  if (hostname.startsWith("[")) return true;
  const parts = /^(\d+)\.(\d+)\.\d+\.\d+$/.exec(hostname);
  if (parts === null) return false;
  const first = Number(parts[1]);
  const second = Number(parts[2]);
  return (
    first === 0 ||
    first === 10 ||
    (first === 100 && second >= 64 && second < 128) ||
    (first === 169 && second === 254) ||
    (first === 172 && second >= 16 && second < 32) ||
    (first === 192 && second === 168) ||
    (first === 198 && (second === 18 || second === 19)) ||
    first >= 224
  );
}

function parse(value: string): URL | undefined {
  return URL.canParse(value) ? new URL(value) : undefined;
}

function blocked(reason: string): AAuthVerificationError {
  return new AAuthVerificationError("discovery_blocked", `address refused: ${reason}`);
}
