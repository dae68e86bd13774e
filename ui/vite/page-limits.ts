/**
 * Limits on a browser's requests, in milliseconds, and on the number of connections. The services
 * of the demo have the same.
 */
export const PAGE_LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 10_000,
  // Node checks every 30 seconds by default.
  connectionsCheckingInterval: 1000,
  maxConnections: 1024,
};

/**
 * Sets {@link PAGE_LIMITS} on a server that does not listen yet. Answers and web sockets have no
 * deadline.
 */
export function limitCallers<Limited extends object | null>(server: Limited): Limited {
  return server && Object.assign(server, PAGE_LIMITS);
}
