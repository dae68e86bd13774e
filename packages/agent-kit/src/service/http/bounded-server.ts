import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { ConnectionLimit, plain } from "./connection-limit.ts";

/**
 * What a caller has for its part, milliseconds. Node looks every `connectionsCheckingInterval`
 * only, by its own default every 30 seconds. Answers have no deadline: event streams stay open.
 */
export const REQUEST_DEADLINES = {
  /**
   * From the connection's start, or the first byte of a further request, to the end of the head.
   */
  headersTimeout: 10_000,
  /** From there to the end of the body. */
  requestTimeout: 15_000,
  /** From one answer to the next request. */
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 1000,
} satisfies ServerOptions;

/** Connections of one listener at a time. */
const MAX_CONNECTIONS = 1024;

const limits = new WeakMap<Server, ConnectionLimit>();
const proxies = new WeakMap<Server, readonly string[]>();

/**
 * An HTTP server with {@link REQUEST_DEADLINES} and a {@link ConnectionLimit}. Every listener of
 * every service is made here.
 *
 * @param options Node's; what is given replaces the deadlines
 * @param options.maxConnections default 1024, an eighth of them for one address
 */
export function createBoundedServer(
  options: ServerOptions & { maxConnections?: number },
  listener: RequestListener,
): Server {
  const { maxConnections = MAX_CONNECTIONS, ...rest } = options;
  const server = createServer({ ...REQUEST_DEADLINES, ...rest }, listener);
  limits.set(server, new ConnectionLimit(server, maxConnections));
  return server;
}

/**
 * Names the proxies in front of a server: their connections have no bound of their own, and their
 * `X-Forwarded-For` is read. Without any, loopback has no bound, and the header is not read.
 */
export function nameProxies(server: Server, addresses: readonly string[]): void {
  if (addresses.length === 0) return;
  limits.get(server)?.exempt(addresses);
  proxies.set(server, addresses);
}

/** @param address as a socket has it, undefined once that is closed */
export function isProxy(server: Server, address: string | undefined): boolean {
  return address !== undefined && proxies.get(server)?.includes(plain(address)) === true;
}
