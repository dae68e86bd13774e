/**
 * Outbound HTTP on Node, Bun and Deno: documents by `node:http` with a guard on the connected
 * address, requests over the pooled connections of undici. Bun has a shim for undici, whose
 * `Client` would connect without the guard.
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
 * Never reachable, in development either. Of IPv6 everything but global unicast, 2000::/3: what
 * leads to an IPv4 address of the sender's choice (mapped, compatible, translated, NAT64), local,
 * multicast, and whatever is assigned next; and the special blocks inside it.
 */
const SPECIAL_IPV6_RANGES = [
  ["::", "::"],
  // Not ::1, which is loopback.
  ["::2", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
] as const;
/**
 * Protocol assignments (Teredo, benchmarking, ORCHID …), documentation, 6to4, AS112, documentation.
 */
const SPECIAL_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"];
const SPECIAL = [...SPECIAL_IPV4, ...SPECIAL_IPV6];
/** Not reachable outside development. */
const LOOPBACK = ["127.0.0.0/8", "::1/128"];

/**
 * Names being resolved at the same time: the system's resolver cannot be stopped, and a name server
 * may be silent.
 */
const MAX_LOOKUPS = 64;

/**
 * A document transport that connects to nothing private, link-local or otherwise special: a literal
 * is looked at before the request, a name as soon as it is resolved, with all its addresses. In
 * development loopback is allowed and `*.localhost` resolves to it without asking the system.
 *
 * Each document has a connection of its own, closed with it whatever its host says: unproven
 * callers choose the hosts.
 *
 * @throws AAuthError `discovery_blocked` when the connect guard bites, `discovery_busy` when too
 * many names are being resolved; anything else as undici throws it.
 */
export function createDocumentTransport(options: { development: boolean }): DocumentTransport {
  const send = createGuardedRequest(options);
  return (url, { signal, maxBytes, host }) => {
    const headers = { accept: "application/json", "accept-encoding": "identity", ...(host && { host }) };
    return send(url, { method: "GET", headers, signal }, maxBytes);
  };
}

/** Bytes of an answer to a guarded request. */
const MAX_GUARDED_BYTES = 65_536;

/**
 * Sends requests to addresses that other parties have named, guarded as documents are. An answer of
 * more than 64 KiB rejects; it is here when the promise resolves.
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
  // Not `blockList` of the socket: `tls.connect` does not hand it on, so that it guards http alone.
  const lookup = guardedLookup(options.development ? localhostLookup : systemLookup, isForbidden);

  return async (url: URL, { method, headers, body, signal }: Parameters<Transport>[1], maxBytes: number) => {
    try {
      guardLiteral(url.hostname, isForbidden);
      const start = url.protocol === "https:" ? requestHttps : requestHttp;
      // A connection of its own, closed with the request.
      const own = { agent: false, lookup, signal: signal ?? undefined };
      const sent = start(url, { ...own, method, headers });
      try {
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
          sent
            .on("response", resolve)
            .on("error", reject)
            // After a 101 nothing else comes, and the signal has no effect.
            .on("close", () => reject(new Error("closed without an answer"))) // hole X19
            .end(body);
        });
        const bytes = await readAtMost(response, maxBytes);
        return { status: response.statusCode!, headers: headersOf(response.headers), body: bytes };
      } finally {
        // A host may answer without reading the request.
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
      // `node:http` has an error of its own for an abort, without the reason.
      throw signal?.aborted ? signal.reason : error;
    }
  };
}

/**
 * A body of at most so many bytes is read at once, so that one without a reader holds no
 * connection.
 */
const MAX_BUFFERED_BYTES = 65_536;
/** The platform's constructor takes no body for them. */
const NULL_BODY_STATUSES: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Sends through undici's global dispatcher, which pools connections per origin. Adds no header but
 * `accept-encoding`.
 *
 * A long body streams, and holds its connection until it is read or cancelled.
 *
 * A connection that its server has closed is not used again. A request whose connection breaks is
 * not repeated: it may have been processed.
 *
 * @throws RangeError for a status that a `Response` cannot have, beyond 599
 */
export const pooledTransport: Transport = async (url, init) => {
  const { statusCode, headers, body } = await request(url, {
    method: init.method as "POST",
    // No decoder sits between the wire and the caller, so an encoded body must not come.
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
 * Reads from a body only what is asked for. `Readable.toWeb` reads ahead, and on Node 22 what
 * arrives after `cancel()` is an uncaught exception, so that a peer could end the process.
 */
function streamOf(body: Readable): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunks: AsyncIterator<Uint8Array<ArrayBuffer>> = body[Symbol.asyncIterator]();
  // A body that has arrived, and is destroyed before it is asked for, has no other listener.
  body.on("error", () => {}); // hole S2
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      },
      // Not the iterator's `return`, which waits for the chunk that is asked for.
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

/** Two lists: with a range of IPv6 in it, that of Deno matches every IPv4 address. */
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

/** Always asked for all addresses of a name. */
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

/**
 * getaddrinfo knows no `*.localhost` on most systems, although RFC 6761 gives those names to
 * loopback.
 */
const localhostLookup: Lookup = (hostname, options, callback) => {
  if (!isLocalName(hostname)) return systemLookup(hostname, options, callback);
  callback(null, [
    { address: "127.0.0.1", family: 4 },
    { address: "::1", family: 6 },
  ]);
};

/**
 * One forbidden address is enough to refuse a name: which of them is tried first, or next, is not
 * ours to say.
 */
function guardedLookup(resolve: Lookup, isForbidden: AddressGuard): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) return callback(error ?? new Error("no address"), "");
      if (addresses.some(({ address }) => isForbidden(address))) {
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
function guardLiteral(hostname: string, isForbidden: AddressGuard): void {
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(address) !== 0 && isForbidden(address)) throw new ForbiddenAddressError();
}

class ForbiddenAddressError extends Error {}
