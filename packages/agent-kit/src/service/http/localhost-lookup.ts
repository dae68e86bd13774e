import { type LookupAddress, type LookupOptions, lookup } from "node:dns";
import { Agent, setGlobalDispatcher } from "undici";

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/**
 * A `dns.lookup` that resolves every name below `.localhost` to 127.0.0.1 (RFC 6761 section 6.3)
 * and passes all others to the system. getaddrinfo fails with ENOTFOUND for such names on plain
 * Linux; browsers and curl resolve them themselves. For `connect.lookup` of an undici Pool or
 * Agent, and for `lookup` of node:http.
 */
export function localhostLookup(hostname: string, options: LookupOptions, callback: LookupCallback): void {
  if (!isLocalhostName(hostname)) {
    lookup(hostname, options, callback as never);
  } else if (options.all) {
    callback(null, [{ address: "127.0.0.1", family: 4 }]);
  } else {
    callback(null, "127.0.0.1", 4);
  }
}

/**
 * Makes `fetch` and undici's `request` of this process resolve `*.localhost` to loopback. Call
 * once, before the first request.
 */
export function installLocalhostLookup(): void {
  setGlobalDispatcher(new Agent({ connect: { lookup: localhostLookup } }));
}

function isLocalhostName(hostname: string): boolean {
  return /\.localhost\.?$/i.test(hostname);
}
