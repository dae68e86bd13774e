/**
 * Identifiers of servers and agents (draft -11, sections 5.2 and 11.1). Both are compared as strings, so each has one spelling only.
 *
 * @module
 */

import { memoize } from "../../store/memoize.ts";

/** A host: lower case, A-labels, no port. At most 253 characters (RFC 1035). */
const HOST = "(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*";
const SERVER = new RegExp(`^https://${HOST}$`);
const AGENT = new RegExp(`^aauth:([A-Za-z0-9_.+-]{1,255})@(${HOST})$`);
const LOCAL = /^[^+]+(?:\+[^+]+)?$/;

/**
 * True for the identifier of a server: `https://` and a host in lower case. No port, path, query, fragment, user part or trailing slash.
 *
 * Does NOT decide whether the host may be fetched from: discovery does.
 *
 * @example
 * isServerIdentifier("https://ps.example"); // true
 */
export const isServerIdentifier = (value: string): boolean => knownServer(value) === true;

const knownServer = memoize(512, (value) => isServer(value) || undefined);

function isServer(value: string): boolean {
  // An address such as `https://2130706433` is spelled otherwise by the parser that fetches it.
  return typeof value === "string" && SERVER.test(value) && URL.parse(value)?.origin === value;
}

/** An agent identifier, taken apart. For display: which agent is a sub-agent says `parent_agent` of its token, never its name. */
export interface AgentIdentifier {
  /** Before the `@`, without the discriminator. */
  readonly name: string;
  /** Host of the agent provider. */
  readonly domain: string;
  /** Behind the `+`, of a sub-agent. */
  readonly discriminator?: string;
}

/**
 * Takes an agent identifier apart: `aauth:local@host`, where `local` is 1 to 255 letters, digits, `-`, `_`, `.`, with at most one `+`
 * between two parts. Undefined for anything else.
 *
 * @example
 * parseAgentIdentifier("aauth:planner+search@agent.example"); // { name: "planner", domain: "agent.example", discriminator: "search" }
 */
export function parseAgentIdentifier(value: string): AgentIdentifier | undefined {
  const match = typeof value === "string" ? AGENT.exec(value) : null;
  const [, local = "", domain = ""] = match ?? [];
  if (!LOCAL.test(local) || !isServer(`https://${domain}`)) return undefined;
  const [name = "", discriminator] = local.split("+");
  return { name, domain, ...(discriminator !== undefined && { discriminator }) };
}

/** True for the identifier of an agent (see {@link parseAgentIdentifier}). */
export const isAgentIdentifier = (value: string): boolean => parseAgentIdentifier(value) !== undefined;

/** True for the address of an endpoint: `https`, without query, fragment or user part. */
export function isEndpointUrl(value: unknown): value is string {
  const url = typeof value === "string" && value.length <= 2_048 ? URL.parse(value) : null;
  if (url === null || url.protocol !== "https:" || url.username !== "" || url.password !== "") return false;
  return !/[?#\s\\]/.test(value as string);
}
