import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { ConnectionLimit } from "./connection-limit.ts";

/**
 * What a caller has for its part, milliseconds. Node looks every `connectionsCheckingInterval` only, by its own default every 30 seconds.
 * Answers have no deadline: event streams stay open.
 */
export const REQUEST_DEADLINES = {
  /** From the connection's start, or the first byte of a further request, to the end of the head. */
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

/**
 * An HTTP server with {@link REQUEST_DEADLINES} and a {@link ConnectionLimit}. Every listener of every service is made here.
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

/** Replaces the addresses without a bound of their own, by default 127.0.0.1 and ::1. Does nothing to other servers. */
export function exemptAddresses(server: Server, addresses: readonly string[] | undefined): void {
  if (addresses !== undefined) limits.get(server)?.exempt(addresses);
}
