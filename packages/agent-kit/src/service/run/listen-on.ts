import type { FastifyInstance } from "fastify";
import { nameProxies } from "../http/bounded-server.ts";
import type { RunningService } from "./run-service.ts";
import { timeWaitText, waitForTimeWait } from "./time-wait.ts";

/**
 * Starts to listen and returns the value for {@link runService}. `url` has the actual port, even
 * for port 0; a wildcard host is shown as `localhost`. For a name with several addresses, the first
 * is used. Waits for a port in TIME-WAIT, with a warning in the log. Closes `app` if it cannot
 * listen.
 *
 * @throws the system's error, EADDRINUSE for a port on which a process listens
 */
export async function listenOn(
  app: FastifyInstance,
  options: { host: string; port: number; proxyAddresses?: readonly string[] },
): Promise<RunningService> {
  const { host: ownHost, port: ownPort } = options;
  nameProxies(app.server, options.proxyAddresses ?? []);
  const { level } = app.log;
  try {
    await app.ready();
    await waitForTimeWait(ownHost, ownPort, () => app.log.warn(`${timeWaitText(ownPort)}; waiting`));
    // Fastify would log a line per address in addition to the one of runService.
    app.log.level = "warn";
    await app.listen({ host: ownHost, port: ownPort });
  } catch (error) {
    // The first error is the reason.
    await app.close().catch(() => {});
    throw error;
  } finally {
    app.log.level = level;
  }
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  const wildcard = options.host === "0.0.0.0" || options.host === "::";
  const host = wildcard ? "localhost" : options.host.includes(":") ? `[${options.host}]` : options.host;
  return { url: `http://${host}:${port}`, close: () => app.close() };
}
