import { z } from "zod";

/**
 * Address of a party: `connect` for sockets, and `browser` if browsers use another one. Both are
 * origins.
 */
type Address = string | { readonly connect: string; readonly browser: string };

/**
 * `identifier=address` pairs separated by whitespace, for parties whose identifiers have no port.
 * An address is an origin; a second one after a comma is for browsers. The result is the argument
 * of `createAddressMap` of `aauth`. Default: none.
 *
 * @example
 * https://person-server.localhost=http://127.0.0.1:8080,http://localhost:8080 https://backend.localhost=http://127.0.0.1:8000
 */
export function endpointsSetting() {
  return z
    .string()
    .transform((text, context): Readonly<Record<string, Address>> => {
      const endpoints = new Map<string, Address>();
      for (const entry of text.split(/\s+/).filter((word) => word !== "")) {
        const problem = entryProblem(entry, endpoints);
        if (problem !== undefined) {
          context.addIssue({ code: "custom", message: problem });
          return z.NEVER;
        }
        const [identifier, connect, browser] = entry.split(/[=,]/) as [string, string, string?];
        endpoints.set(identifier, browser === undefined ? connect : { connect, browser });
      }
      return Object.fromEntries(endpoints);
    })
    .default({});
}

function entryProblem(entry: string, known: ReadonlyMap<string, unknown>): string | undefined {
  const [, identifier = "", connect = "", browser] = /^([^=,]+)=([^=,]+)(?:,([^=,]+))?$/.exec(entry) ?? [];
  if (identifier === "") return `expected identifier=address, or identifier=address,browser-address`;
  const url = URL.parse(identifier);
  if (url?.protocol !== "https:" || url.port !== "" || url.origin !== identifier)
    return `expected an identifier of the form https://host in lower case, without port and path, got ${identifier}`;
  if (known.has(identifier)) return `expected each identifier once, got ${identifier} again`;
  const other = [connect, ...(browser === undefined ? [] : [browser])].find((address) => !isOrigin(address));
  if (other !== undefined) return `expected http or https with host and port, without a path, got ${other}`;
  return undefined;
}

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.parse(text)?.origin === text;
}
