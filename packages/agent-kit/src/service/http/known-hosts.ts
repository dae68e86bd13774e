import { isIP } from "node:net";
import type { FastifyInstance } from "fastify";
import { listSetting } from "../config/value-schemas.ts";
import { sendProblem } from "./problem.ts";

const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::\d{0,5})?$/;
const HOST_NAME = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const REFUSED = [421, "Nothing is served under the name in Host.", { code: "unknown_host" }] as const;

/**
 * Names of this server in a setting, separated by commas or whitespace, without scheme and port.
 * Default none.
 */
export function hostsSetting() {
  return listSetting().refine(
    (names) => names.every((name) => HOST_NAME.test(name)),
    "expected host names without scheme and port",
  );
}

/**
 * Checks `Host` for a server without authentication. By DNS rebinding, a foreign web page could
 * read this server's responses as those of its own site, but its requests then have the page's
 * public name. Known hosts are `localhost`, names below it, IP addresses, and names without a dot,
 * as of containers, which no attacker's page can have.
 *
 * Stops only web pages: other clients can send any `Host`.
 *
 * @param more additional known names, without a port
 */
export function knowsHost(more: readonly string[] = []): (host: string | undefined) => boolean {
  const names = new Set(more.map((name) => name.toLowerCase()));
  return (host = "") => {
    const [, bracketed, plain = ""] = HOST.exec(host) ?? [];
    if (bracketed !== undefined) return isIP(bracketed) === 6;
    const name = plain.toLowerCase();
    if (name === "") return false;
    return !name.includes(".") || isIP(name) === 4 || /(?:^|\.)localhost\.?$/.test(name) || names.has(name);
  };
}

/**
 * Refuses requests with any other name with 421 and `unknown_host`. Register it before other hooks,
 * including CORS, which would answer preflights.
 */
export function requireKnownHost(app: FastifyInstance, more: readonly string[] = []): void {
  const isKnown = knowsHost(more);
  app.addHook("onRequest", (request, reply, done) => {
    if (isKnown(request.headers.host)) done();
    else sendProblem(reply, ...REFUSED);
  });
}
