/**
 * Identifiers of servers and agents (draft -11, sections 5.2 and 11.1). Both are compared as
 * strings, so each has only one valid form.
 *
 * @module
 */

import { memoize } from "../store/memoize.ts";

/** A host: lower case, A-labels, no port. At most 253 characters (RFC 1035). */
const HOST = "(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*";
const SERVER = new RegExp(`^https://${HOST}$`);
const AGENT = new RegExp(`^aauth:([A-Za-z0-9_.+-]{1,255})@(${HOST})$`);

/** A `+` may not be the first or last character. The local part is not interpreted any further. */
const LOCAL = /^[^+](?:.*[^+])?$/;

/**
 * True for the identifier of a server: `https://` and a host in lower case. No port, path, query,
 * fragment, user part or trailing slash.
 *
 * Does NOT decide whether the host may be fetched from: discovery does.
 *
 * @example
 * isServerIdentifier("https://ps.example"); // true
 */
export const isServerIdentifier = (value: string): boolean => knownServer(value) === true;

const knownServer = memoize(512, (value) => isServer(value) || undefined);

function isServer(value: string): boolean {
  // The URL parser would change an address such as `https://2130706433` before it is fetched.
  return typeof value === "string" && SERVER.test(value) && URL.parse(value)?.origin === value;
}

/**
 * A parsed agent identifier. `parent_agent` marks a sub-agent; no decision depends on the local
 * part (section 5.2).
 */
export interface AgentIdentifier {
  /** Before the `@`. */
  readonly local: string;
  /** Host of the agent provider. */
  readonly domain: string;
}

/**
 * Parses `aauth:local@host`, where `local` is 1 to 255 letters, digits, `-`, `_`, `.` and `+`,
 * which may not be first or last. Undefined for anything else.
 *
 * @example
 * parseAgentIdentifier("aauth:planner+search@agent.example"); // { local: "planner+search", domain: "agent.example" }
 */
export function parseAgentIdentifier(value: string): AgentIdentifier | undefined {
  const match = typeof value === "string" ? AGENT.exec(value) : null;
  const [, local = "", domain = ""] = match ?? [];
  return LOCAL.test(local) && isServer(`https://${domain}`) ? { local, domain } : undefined;
}

/** True for the identifier of an agent (see {@link parseAgentIdentifier}). */
export const isAgentIdentifier = (value: string): boolean => parseAgentIdentifier(value) !== undefined;

/** True for the address of an endpoint: `https`, without query, fragment or user part. */
export function isEndpointUrl(value: unknown): value is string {
  const url = typeof value === "string" && value.length <= 2_048 ? URL.parse(value) : null;
  if (url === null || url.protocol !== "https:" || url.username !== "" || url.password !== "") return false;
  return !/[?#\s\\]/.test(value as string);
}
