/**
 * Outbound HTTP on Node, over undici: documents through a guarded agent, requests through the pooled global one.
 *
 * @module
 */

import { lookup } from "node:dns";
import { BlockList, type LookupFunction } from "node:net";
import { Agent, request } from "undici";
import { AAuthError } from "../errors.ts";
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

/**
 * A document transport whose connections are refused when the address connected to, after name resolution, is
 * private, link-local or otherwise special. In development loopback is allowed and `*.localhost` resolves to it without asking the
 * system.
 *
 * @throws AAuthError `discovery_blocked` when the connect guard bites; anything else as undici throws it.
 */
export function createDocumentTransport(options: { development: boolean }): DocumentTransport {
  const blockList = createBlockList(options.development ? NEVER : [...NEVER, ...LOOPBACK]);
  const agent = new Agent({
    connect: options.development ? { blockList, lookup: localhostLookup } : { blockList },
  });

  return async (url, { signal, maxBytes }) => {
    try {
      const response = await agent.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: "GET",
        headers: { accept: "application/json", "accept-encoding": "identity" },
        signal,
      });
      return { status: response.statusCode, body: await readAtMost(response.body, maxBytes) };
    } catch (error) {
      if (isBlocked(error)) {
        throw new AAuthError("discovery_blocked", "address refused: it resolves to a forbidden network", {
          cause: error,
        });
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

/** getaddrinfo knows no `*.localhost` on most systems, although RFC 6761 gives those names to loopback. */
const localhostLookup: LookupFunction = (hostname, options, callback) => {
  if (!isLocalName(hostname)) {
    lookup(hostname, options, callback);
  } else if (options.all === true) {
    callback(null, [
      { address: "127.0.0.1", family: 4 },
      { address: "::1", family: 6 },
    ]);
  } else {
    callback(null, "127.0.0.1", 4);
  }
};

function isBlocked(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ((error as NodeJS.ErrnoException).code === "ERR_IP_BLOCKED") return true;
  // A name with several addresses fails with one error per address.
  return error instanceof AggregateError && error.errors.length > 0 && error.errors.every(isBlocked);
}
