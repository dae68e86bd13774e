/**
 * Outbound HTTP on Node, over undici: documents through a guarded agent, requests through the pooled global one.
 *
 * @module
 */

import { type LookupAddress, type LookupAllOptions, lookup } from "node:dns";
import { BlockList, isIP, isIPv6, type LookupFunction } from "node:net";
import { Agent, request } from "undici";
import { AAuthVerificationError } from "../errors.ts";
import { pooledResponse } from "./pooled-response.ts";
import { readAtMost } from "./read-at-most.ts";
import type { DocumentTransport, Transport } from "./transport.ts";
import { isLocalName } from "./url-guard.ts";

/**
 * Never reachable, in development either: this network, private, link-local (cloud metadata services), multicast, reserved, and every
 * IPv6 range that leads to an IPv4 address of the sender's choice.
 */
const NEVER = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
  ...["192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4"],
  // NAT64, discard, Teredo, 6to4, local, multicast.
  ...["::/128", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2002::/16"],
  ...["fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"],
];
/** IPv4-compatible, `::/96`, without the two that have a meaning of their own. */
const IPV4_COMPATIBLE = ["::2", "::ffff:ffff"] as const;
/** Not reachable outside development. */
const LOOPBACK = ["127.0.0.0/8", "::1/128"];

/** To one origin at the same time: whose request names a host must not be able to flood it. */
const CONNECTIONS_PER_ORIGIN = 6;

/**
 * A document transport that connects to nothing private, link-local or otherwise special: a literal is looked at before the request, a
 * name as soon as it is resolved, with all its addresses. In development loopback is allowed and `*.localhost` resolves to it without
 * asking the system.
 *
 * @throws AAuthError `discovery_blocked` when the connect guard bites; anything else as undici throws it.
 */
export function createDocumentTransport(options: { development: boolean }): DocumentTransport {
  const blockList = createBlockList(options.development ? NEVER : [...NEVER, ...LOOPBACK]);
  // Not `connect.blockList`: `tls.connect` does not hand it to the socket, so that it guards http alone.
  const agent = new Agent({
    connections: CONNECTIONS_PER_ORIGIN,
    connect: { lookup: guardedLookup(options.development ? localhostLookup : systemLookup, blockList) },
  });

  return async (url, { signal, maxBytes }) => {
    try {
      guardLiteral(url.hostname, blockList);
      const response = await agent.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: "GET",
        headers: { accept: "application/json", "accept-encoding": "identity" },
        signal,
      });
      return { status: response.statusCode, body: await readAtMost(response.body, maxBytes) };
    } catch (error) {
      if (error instanceof ForbiddenAddressError) {
        throw new AAuthVerificationError(
          "discovery_blocked",
          "address refused: it resolves to a forbidden network",
          {
            cause: error,
          },
        );
      }
      throw error;
    }
  };
}

/** Sends through undici's global dispatcher, which pools connections per origin. Adds no header but `accept-encoding`. */
export const pooledTransport: Transport = async (url, init) => {
  const response = await request(url, {
    method: init.method as "POST",
    // No decoder sits between the wire and the caller, so an encoded body must not come.
    headers: { "accept-encoding": "identity", ...init.headers },
    body: init.body ?? null,
    signal: init.signal ?? null,
  });
  return pooledResponse(response);
};

function createBlockList(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = "", prefix] = subnet.split("/");
    list.addSubnet(address, Number(prefix), address.includes(":") ? "ipv6" : "ipv4");
  }
  list.addRange(...IPV4_COMPATIBLE, "ipv6");
  return list;
}

/** Always asked for all addresses of a name. */
type Lookup = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

const systemLookup: Lookup = lookup;

/** getaddrinfo knows no `*.localhost` on most systems, although RFC 6761 gives those names to loopback. */
const localhostLookup: Lookup = (hostname, options, callback) => {
  if (!isLocalName(hostname)) return lookup(hostname, options, callback);
  callback(null, [
    { address: "127.0.0.1", family: 4 },
    { address: "::1", family: 6 },
  ]);
};

/** One forbidden address is enough to refuse a name: which of them is tried first, or next, is not ours to say. */
function guardedLookup(resolve: Lookup, blockList: BlockList): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) return callback(error ?? new Error("no address"), "");
      if (addresses.some(({ address }) => isForbidden(address, blockList))) {
        callback(new ForbiddenAddressError(), "");
      } else if (options.all === true) {
        callback(null, addresses);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

/** A literal is connected to without being looked up. */
function guardLiteral(hostname: string, blockList: BlockList): void {
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(address) !== 0 && isForbidden(address, blockList)) throw new ForbiddenAddressError();
}

const isForbidden = (address: string, blockList: BlockList) =>
  blockList.check(address, isIPv6(address) ? "ipv6" : "ipv4");

class ForbiddenAddressError extends Error {}
