import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { ConnectionLimit, plain } from "./connection-limit.ts";

/**
 * Deadlines for a caller's request in milliseconds. Node checks them only every
 * `connectionsCheckingInterval`, by default every 30 seconds. Responses have no deadline, because
 * event streams stay open.
 */
export const REQUEST_DEADLINES = {
  /**
   * From the connection's start, or the first byte of a further request, to the end of the head.
   */
  headersTimeout: 10_000,
  /** From there to the end of the body. */
  requestTimeout: 15_000,
  /** From one response to the next request. */
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 1000,
} satisfies ServerOptions;

/** Connections of one listener at a time. */
const MAX_CONNECTIONS = 1024;

const limits = new WeakMap<Server, ConnectionLimit>();
const proxies = new WeakMap<Server, readonly string[]>();

/**
 * An HTTP server with {@link REQUEST_DEADLINES} and a {@link ConnectionLimit}. All listeners of all
 * services are created here.
 *
 * @param options Node's options, which override the deadlines
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
 * Sets the proxies in front of a server, which are exempt from the limit by address, and whose
 * `X-Forwarded-For` is used. Without any, loopback is exempt, and the header is ignored.
 */
export function nameProxies(server: Server, addresses: readonly string[]): void {
  if (addresses.length === 0) return;
  limits.get(server)?.exempt(addresses);
  proxies.set(server, addresses);
}

/** @param address remote address of a socket, undefined after it was closed */
export function isProxy(server: Server, address: string | undefined): boolean {
  return address !== undefined && proxies.get(server)?.includes(plain(address)) === true;
}
