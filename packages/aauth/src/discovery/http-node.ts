/**
 * Outbound HTTP on Node, Bun and Deno: documents by `node:http` with a guard on the connected
 * address, requests by undici's connection pool. Documents do not use undici, because Bun's shim of
 * its `Client` would bypass the guard.
 *
 * @module
 */

import "../supported-node.ts";
import { type LookupAddress, type LookupAllOptions, lookup } from "node:dns";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { BlockList, isIP, isIPv6, type LookupFunction } from "node:net";
import type { Readable } from "node:stream";
import { type Dispatcher, request } from "undici";
import { AAuthVerificationError } from "../errors.ts";
import { readAtMost } from "./read-at-most.ts";
import type { DocumentTransport, Transport } from "./transport.ts";
import { guardUrl, isLocalName, SPECIAL_IPV4 } from "./url-guard.ts";

/**
 * Never reachable, not even in development: all IPv6 addresses outside global unicast (2000::/3),
 * which includes embedded IPv4 addresses (mapped, compatible, translated, NAT64), local, multicast
 * and unassigned ones.
 */
const SPECIAL_IPV6_RANGES = [
  ["::", "::"],
  // Not ::1, which is loopback.
  ["::2", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
] as const;
/**
 * Special blocks within 2000::/3: protocol assignments (Teredo, benchmarking, ORCHID …),
 * documentation, 6to4, AS112, documentation.
 */
const SPECIAL_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"];
const SPECIAL = [...SPECIAL_IPV4, ...SPECIAL_IPV6];
/** Not reachable outside development. */
const LOOPBACK = ["127.0.0.0/8", "::1/128"];

/**
 * Limit of concurrent name lookups: the system's resolver cannot be cancelled, and a name server
 * may never respond.
 */
const MAX_LOOKUPS = 64;

/**
 * Creates a document transport that never connects to a private, link-local or otherwise special
 * address. An IP literal is checked before the request, and a name after its resolution, with all
 * its addresses. In development, loopback is allowed, and `*.localhost` resolves to it without a
 * system lookup.
 *
 * Each fetch uses its own connection and closes it, because unproven callers choose the hosts.
 *
 * @throws AAuthError `discovery_blocked` for a forbidden address, `discovery_busy` if too many
 *   names are being resolved; other errors of `node:http` unchanged.
 */
export function createDocumentTransport(options: { development: boolean }): DocumentTransport {
  const send = createGuardedRequest(options);
  return (url, { signal, maxBytes, host }) => {
    const headers = { accept: "application/json", "accept-encoding": "identity", ...(host && { host }) };
    return send(url, { method: "GET", headers, signal }, maxBytes);
  };
}

/** Maximum bytes of a response to a guarded request. */
const MAX_GUARDED_BYTES = 65_536;

/**
 * Sends requests to addresses that other parties have named, guarded like documents. Reads the
 * whole response, and rejects if it exceeds 64 KiB.
 *
 * @throws AAuthError as {@link createDocumentTransport}, `discovery_blocked` also for a URL that is
 * not `https`
 */
export function createGuardedTransport(options: { development: boolean }): Transport {
  const send = createGuardedRequest(options);
  return async (address, init) => {
    const headers = { "accept-encoding": "identity", ...init.headers };
    const { body, ...head } = await send(guardUrl(address, options), { ...init, headers }, MAX_GUARDED_BYTES);
    return new Response(NULL_BODY_STATUSES.has(head.status) ? null : body, head);
  };
}

function createGuardedRequest(options: { development: boolean }) {
  const isForbidden = createAddressGuard(options.development ? SPECIAL : [...SPECIAL, ...LOOPBACK]);
  // Not the socket's `blockList`, which `tls.connect` does not pass on, so that it would guard only
  // http.
  const lookup = guardedLookup(options.development ? localhostLookup : systemLookup, isForbidden);

  return async (url: URL, { method, headers, body, signal }: Parameters<Transport>[1], maxBytes: number) => {
    try {
      guardLiteral(url.hostname, isForbidden);
      const start = url.protocol === "https:" ? requestHttps : requestHttp;
      // A separate connection, closed with the request.
      const own = { agent: false, lookup, signal: signal ?? undefined };
      const sent = start(url, { ...own, method, headers });
      try {
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
          sent
            .on("response", resolve)
            .on("error", reject)
            // After a 101 there is no other event, and the signal has no effect.
            .on("close", () => reject(new Error("closed without an answer"))) // hole X19
            .end(body);
        });
        const bytes = await readAtMost(response, maxBytes);
        return { status: response.statusCode!, headers: headersOf(response.headers), body: bytes };
      } finally {
        // A host may respond without reading the request.
        sent.destroy(); // hole X21
      }
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
      // `node:http` replaces the abort reason with its own error.
      throw signal?.aborted ? signal.reason : error;
    }
  };
}

/** Size up to which a body is read at once, so that an unread one does not hold a connection. */
const MAX_BUFFERED_BYTES = 65_536;
/** Statuses for which the `Response` constructor accepts no body. */
const NULL_BODY_STATUSES: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Sends through undici's global dispatcher, which pools connections per origin. Adds only the
 * header `accept-encoding`.
 *
 * A long body streams, and holds its connection until it is consumed or cancelled.
 *
 * A request whose connection breaks is not repeated, because it may have been processed.
 *
 * @throws RangeError for a status above 599, which a `Response` cannot have
 */
export const pooledTransport: Transport = async (url, init) => {
  const { statusCode, headers, body } = await request(url, {
    method: init.method as "POST",
    // There is no decoder, so the response must not be encoded.
    headers: { "accept-encoding": "identity", ...init.headers },
    body: init.body ?? null,
    signal: init.signal ?? null,
  });
  const head = { status: statusCode, headers: headersOf(headers) };
  try {
    if (NULL_BODY_STATUSES.has(statusCode)) {
      await body.dump();
      return new Response(null, head);
    }
    if (Number(headers["content-length"]) <= MAX_BUFFERED_BYTES)
      return new Response((await body.bytes()) as Uint8Array<ArrayBuffer>, head);
    return new Response(streamOf(body), head);
  } catch (error) {
    body.destroy();
    throw error;
  }
};

/**
 * Converts a body to a web stream without reading ahead. `Readable.toWeb` reads ahead, and on Node
 * 22 data that arrives after `cancel()` is an uncaught exception, with which a peer could end the
 * process.
 */
function streamOf(body: Readable): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunks: AsyncIterator<Uint8Array<ArrayBuffer>> = body[Symbol.asyncIterator]();
  // A body that is destroyed before it is read has no other listener.
  body.on("error", () => {}); // hole S2
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      },
      // Not the iterator's `return`, which waits for the pending chunk.
      cancel: () => void body.destroy(),
    },
    { highWaterMark: 0 },
  );
}

function headersOf(fields: Dispatcher.ResponseData["headers"]): Headers {
  const headers = new Headers();
  for (const [name, value = ""] of Object.entries(fields)) {
    for (const item of [value].flat()) headers.append(name, item);
  }
  return headers;
}

type AddressGuard = (address: string) => boolean;

/** Two lists, because Deno's list with an IPv6 range matches every IPv4 address. */
function createAddressGuard(subnets: readonly string[]): AddressGuard {
  const [ipv4, ipv6] = [new BlockList(), new BlockList()];
  for (const subnet of subnets) {
    const [address = "", prefix] = subnet.split("/");
    if (isIPv6(address)) ipv6.addSubnet(address, Number(prefix), "ipv6");
    else ipv4.addSubnet(address, Number(prefix));
  }
  for (const [first, last] of SPECIAL_IPV6_RANGES) ipv6.addRange(first, last, "ipv6");
  return (address) => (isIPv6(address) ? ipv6.check(address, "ipv6") : ipv4.check(address));
}

/** Always called for all addresses of a name. */
type Lookup = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

let lookups = 0;

const systemLookup: Lookup = (hostname, options, callback) => {
  if (lookups >= MAX_LOOKUPS) {
    return callback(
      new AAuthVerificationError("discovery_busy", "too many names are being resolved; try again"),
      [],
    );
  }
  lookups++;
  lookup(hostname, options, (error, addresses) => {
    lookups--;
    callback(error, addresses);
  });
};

/** Resolves `*.localhost` to loopback (RFC 6761), which getaddrinfo does not do on most systems. */
const localhostLookup: Lookup = (hostname, options, callback) => {
  if (!isLocalName(hostname)) return systemLookup(hostname, options, callback);
  callback(null, [
    { address: "127.0.0.1", family: 4 },
    { address: "::1", family: 6 },
  ]);
};

/**
 * Refuses a name with any forbidden address, because the order in which its addresses are tried is
 * unknown.
 */
function guardedLookup(resolve: Lookup, isForbidden: AddressGuard): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) return callback(error ?? new Error("no address"), "");
      const leadsInside = addresses.some(({ address }) => isForbidden(address)); // hole X11: false
      if (leadsInside) {
        callback(new ForbiddenAddressError(), "");
      } else if (options.all === true) {
        callback(null, addresses);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

/** Checks an IP literal, which is connected to without a lookup. */
function guardLiteral(hostname: string, isForbidden: AddressGuard): void {
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(address) !== 0 && isForbidden(address)) throw new ForbiddenAddressError();
}

class ForbiddenAddressError extends Error {}
