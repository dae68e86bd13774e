import { SERVICE_NAME } from "./attribute-names.ts";
import { type ByDialect, ofDialect } from "./by-dialect.ts";
import type { Message, Party } from "./protocol-run.ts";

/** Known parties in the order of their columns; agents and all others come last, as they appear. */
const COLUMNS: readonly Party[] = [
  { id: SERVICE_NAME.ui, name: "Browser" },
  { id: SERVICE_NAME.authServer, name: "Auth server" },
  { id: SERVICE_NAME.accessServer, name: "Access server" },
  { id: SERVICE_NAME.personServer, name: "Person server" },
  { id: SERVICE_NAME.backend, name: "Backend" },
  { id: SERVICE_NAME.intruder, name: "Intruder’s browser" },
  { id: SERVICE_NAME.thief, name: "Thief" },
  { id: SERVICE_NAME.otherAgent, name: "Another agent" },
  { id: SERVICE_NAME.subAgent, name: "Sub-agent" },
  { id: SERVICE_NAME.delegateAgent, name: "Delegate agent" },
  { id: SERVICE_NAME.gateway, name: "Gateway" },
];

/** The columns of a picture: everyone who sends, receives or passes on a message. */
export function partiesOf(messages: readonly Message[]): Party[] {
  const present = new Set(messages.flatMap(({ from, to, via }) => [from, to, ...(via ? [via] : [])]));
  const known = COLUMNS.filter(({ id }) => present.has(id));
  const others = [...present].filter((id) => !COLUMNS.some((party) => party.id === id));
  return [...known, ...others.map((id) => ({ id, name: partyName(id) }))];
}

/** Display name of a party. */
export function partyName(id: string): string {
  if (id === SERVICE_NAME.gatewayAuthz) return "Gateway";
  const named = COLUMNS.find((party) => party.id === id)?.name;
  if (named !== undefined || !/^[a-z-]+-agent$/.test(id)) return named ?? id;
  return `${id[0]!.toUpperCase()}${id.slice(1, -"-agent".length)} agent`;
}

/** Whether a party is a server of draft -11. */
export const isDraft11Server = (id: string): boolean =>
  id === SERVICE_NAME.personServer || id === SERVICE_NAME.accessServer;

/**
 * The column of a service: the decision point speaks for the gateway, Keycloak is an auth server.
 */
export function columnOf(service: string): string {
  if (service === SERVICE_NAME.gatewayAuthz) return SERVICE_NAME.gateway;
  if (service === SERVICE_NAME.keycloak) return SERVICE_NAME.authServer;
  return service;
}

/** The only party that issues tokens. Undefined in draft -11, which has two kinds of servers. */
const TOKEN_ISSUER: ByDialect<string | undefined> = {
  "february-2026": SERVICE_NAME.authServer,
  "draft-11": undefined,
};

/** The party behind an address, for a message that left no span at its receiver. */
export function columnOfUrl(url: string, purpose: Message["purpose"], profile?: string): string {
  const issuer = purpose === "token" ? ofDialect(TOKEN_ISSUER, profile) : undefined;
  if (issuer !== undefined) return issuer;
  const host = URL.parse(url)?.hostname ?? "unknown";
  const named = COLUMNS.find(({ id }) => host.startsWith(`${id}.`) || host === id);
  return named?.id ?? /^([a-z-]+-agent)(?:\.|$)/.exec(host)?.[1] ?? host;
}
