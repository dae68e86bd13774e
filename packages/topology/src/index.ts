/**
 * The single table of the demo's parties. Gateway configuration, compose, demo runner, page and
 * docs are derived from it or checked against it.
 *
 * @module
 */

export {
  LAUNCHER_FIELD,
  MODE_NAMES,
  MODE_PORTS,
  MODES,
  type ModeName,
  type ModePage,
  type ModePages,
  type ModeRow,
} from "./modes.ts";

/** An agent behind the gateway. Its service is in the folder of the same name. */
export interface AgentRow {
  /** Display name. */
  readonly title: string;
  /** Port that it listens on. Callers reach it through the gateway, as `<name>.localhost`. */
  readonly port: number;
  /** Scope of the auth token that a caller needs. */
  readonly scope: string;
  /** Description of the scope on consent pages. */
  readonly scopeDescription: string;
  /**
   * Paths for which the gateway accepts any signature, including pseudonymous ones. Default: none.
   */
  readonly pseudonymousPaths?: readonly string[];
  /**
   * Additional scopes of callers in user-delegated mode, so that the agent's exchange for the next
   * hop does not expand the scope: its `AAUTH_RESOURCE_ADDITIONAL_SCOPES`. Default: none.
   */
  readonly additionalScopes?: readonly string[];
}

const ANALYZE_SCOPE = "market-analysis:analyze";

export const AGENTS = {
  "supply-chain-agent": {
    title: "Supply-chain agent",
    port: 9999,
    scope: "supply-chain:optimize",
    scopeDescription: "Optimize the laptop supply chain",
    pseudonymousPaths: ["/catalogue"],
    additionalScopes: [ANALYZE_SCOPE],
  },
  "market-analysis-agent": {
    title: "Market-analysis agent",
    port: 9998,
    scope: ANALYZE_SCOPE,
    scopeDescription: "Analyse laptop demand, inventory and market trends",
  },
} as const satisfies Readonly<Record<string, AgentRow>>;

export type AgentName = keyof typeof AGENTS;

/** The row of an agent, with its name. */
export const agentRow = (name: AgentName): AgentRow & { readonly name: string } => ({
  name,
  ...AGENTS[name],
});

/** All agents behind the gateway, in the order of the table. */
export const AGENT_NAMES = Object.keys(AGENTS) as AgentName[];

/** Every other listener. `variable` overrides its port. */
export const LISTENERS = {
  "auth-server": { title: "Auth server", port: 8080, variable: "AUTH_SERVER_PORT" },
  "person-server": { title: "Person server, draft -11", port: 8081, variable: "PERSON_SERVER_PORT" },
  "keycloak-management": { title: "Keycloak, health", port: 9000, variable: "KEYCLOAK_MANAGEMENT_PORT" },
  "gateway-authz": { title: "Authorization decisions", port: 7070, variable: "GATEWAY_AUTHZ_PORT" },
  gateway: { title: "Gateway", port: 3000, variable: "GATEWAY_PORT" },
  backend: { title: "Backend", port: 8000, variable: "PORT" },
  ui: { title: "Page", port: 3050, variable: "UI_PORT" },
  "trace-store": { title: "Trace store", port: 16686, variable: "TRACE_STORE_PORT" },
  "trace-store-otlp": { title: "Trace store, incoming spans", port: 4318, variable: "TRACE_STORE_OTLP_PORT" },
  "delegate-agent": { title: "Delegate", port: 9997, variable: "DELEGATE_AGENT_PORT" },
  visitor: { title: "Visitor of npm run demo -- levels, draft -11", port: 9996, variable: "VISITOR_PORT" },
} as const;

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

/** Name of a listener in code: `supplyChainAgent`. */
export type ListenerKey = CamelCase<AgentName | keyof typeof LISTENERS>;

/** `supply-chain-agent` -> `supplyChainAgent` */
export const keyOf = (name: AgentName | keyof typeof LISTENERS): ListenerKey =>
  name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()) as ListenerKey;

/** Prefix of an agent's environment variables: `SUPPLY_CHAIN_AGENT`. */
export const variablePrefix = (name: string): string => name.replaceAll("-", "_").toUpperCase();

/** Port of every listener, and the variable that overrides it. */
export const PORTS = Object.fromEntries([
  ...AGENT_NAMES.map((name) => [
    keyOf(name),
    { port: AGENTS[name].port, variable: `${variablePrefix(name)}_PORT`, title: AGENTS[name].title },
  ]),
  ...Object.entries(LISTENERS).map(([name, listener]) => [keyOf(name as keyof typeof LISTENERS), listener]),
]) as Readonly<
  Record<ListenerKey, { readonly port: number; readonly variable: string; readonly title: string }>
>;

/** Identity of an agent: its URL at the gateway. */
export const agentUrl = (name: string, gatewayPort: number = LISTENERS.gateway.port): string =>
  `http://${name}.localhost:${gatewayPort}`;

/** Parties of draft -11 that are not agents, both on the port of `person-server`. */
export const DRAFT_11_SERVERS = { personServer: "person-server", accessServer: "access-server" } as const;

/** Colour of a party's name on light and dark backgrounds. */
export type PartyColours = readonly [light: string, dark: string];

/** Colours of parties with pages, used on their pages and for their names in diagrams. */
export const PARTY_COLOURS = {
  "auth-server": ["#2450c8", "#8fb0ff"],
  "person-server": ["#6d35c4", "#c6a8ff"],
  "access-server": ["#96480a", "#f2b179"],
  "supply-chain-agent": ["#1b6b4a", "#7fe0b4"],
} as const satisfies Readonly<Record<string, PartyColours>>;

/**
 * Identifier of a party in draft -11, where identifiers have no port: `https://backend.localhost`.
 * `AAUTH_ENDPOINTS` has its address.
 */
export const identifierOf = (name: string): string => `https://${name}.localhost`;
