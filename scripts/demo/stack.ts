import { fileURLToPath } from "node:url";
import { type DRAFT_11_MODES, PROFILES, type ProfileName } from "agent-kit/settings";
import { AGENT_NAMES, AGENTS, agentUrl, type ListenerKey, PORTS } from "topology";
import { DEMO_DIALECTS } from "./demo-dialect.ts";

/** The port of each listener of the stack. `DEMO_PORTS` for the demo; a test takes free ones. */
export type StackPorts = Readonly<Record<ListenerKey, number>>;

const LISTENER_KEYS = Object.keys(PORTS) as ListenerKey[];
const ofEachListener = <Value>(value: (key: ListenerKey) => Value) =>
  Object.fromEntries(LISTENER_KEYS.map((key) => [key, value(key)])) as Readonly<Record<ListenerKey, Value>>;

export const DEMO_PORTS: StackPorts = ofEachListener((key) => PORTS[key].port);

/**
 * The variable of the demo runner that moves each port. Those of the services contain the service's
 * own name for it.
 */
export const PORT_VARIABLES = ofEachListener((key) => PORTS[key].variable);

export const SIGNATURE_SCHEMES = ["hwk", "jwks"] as const;
export const AUTH_SERVERS = ["embedded", "keycloak"] as const;
export const AUTHORIZATION_SCHEMES = ["signature-only", "autonomous", "user-delegated"] as const;

/** Options of a run of the stack. */
export interface StackModes {
  readonly profile: ProfileName;
  /** Mode of draft-11; the published profile has the two schemes instead. */
  readonly mode: (typeof DRAFT_11_MODES)[number];
  readonly signatureScheme: (typeof SIGNATURE_SCHEMES)[number];
  readonly authorizationScheme: (typeof AUTHORIZATION_SCHEMES)[number];
  /** Gateway configuration, path from the repository's root or absolute. */
  readonly policyFile: string;
  /** The agentgateway executable; undefined for the embedded gateway. */
  readonly gatewayProgram?: string;
  /** The Jaeger executable; undefined for the embedded trace store. */
  readonly jaegerProgram?: string;
  readonly authServer: (typeof AUTH_SERVERS)[number];
  readonly ui: boolean;
  /** A process that acts under the backend's identity with another key. */
  readonly delegate: boolean;
  readonly showTokens: boolean;
  /** `AAUTH_STORE` of all services. Undefined: files in {@link stateFolders}. */
  readonly store?: string;
  /** `AAUTH_REPLAY_STORE` of all services. Undefined: their store. */
  readonly replayStore?: string;
  /**
   * Identifiers of the parties that are the published demo's. Undefined: those in the environment.
   */
  readonly publishedPeers?: readonly string[];
}

export const DEMO_MODES: StackModes = {
  profile: PROFILES[0],
  mode: "person-server",
  signatureScheme: "jwks",
  authorizationScheme: "autonomous",
  policyFile: DEMO_DIALECTS[PROFILES[0]].policyFile,
  authServer: "embedded",
  ui: true,
  delegate: true,
  showTokens: false,
};

/** Addresses of the parts of the stack, and identities of the agents. */
export interface StackUrls {
  readonly ui: string;
  readonly backend: string;
  readonly backendAgent: string;
  readonly authServer: string;
  readonly issuer: string;
  /** Pages of the person server and the access server. */
  readonly personServer: string;
  readonly gateway: string;
  readonly supplyChainAgent: string;
  readonly marketAnalysisAgent: string;
  readonly traces: string;
}

export const REALM = "aauth-test";
/** Scope that the user consents to in user-delegated mode. */
export const CONSENT_SCOPE = AGENTS["supply-chain-agent"].scope;
export const REPOSITORY_ROOT = fileURLToPath(new URL("../../", import.meta.url));

export function stackUrls(ports: StackPorts): StackUrls {
  const authServer = `http://localhost:${ports.authServer}`;
  return {
    ui: `http://localhost:${ports.ui}`,
    backend: `http://localhost:${ports.backend}`,
    backendAgent: `http://backend.localhost:${ports.backend}`,
    authServer,
    issuer: `${authServer}/realms/${REALM}`,
    personServer: `http://localhost:${ports.personServer}`,
    gateway: `http://localhost:${ports.gateway}`,
    supplyChainAgent: agentUrl("supply-chain-agent", ports.gateway),
    marketAnalysisAgent: agentUrl("market-analysis-agent", ports.gateway),
    traces: `http://localhost:${ports.traceStore}`,
  };
}

/**
 * Folders of one demo's state, from the repository's root. Another profile, mode or port has
 * others; a profile's default mode is not in their names.
 */
export function stateFolders(ports: Pick<StackPorts, "backend">, modes: StackModes) {
  const { profile } = modes;
  const { modeOf } = DEMO_DIALECTS[profile];
  const isDefault = modeOf(modes) === modeOf(DEMO_MODES);
  const own = `${profile}-${isDefault ? "" : `${modeOf(modes)}-`}${ports.backend}`;
  return { data: `.data/${own}`, keys: `.keys/${own}` };
}

/** The parties that sign or issue tokens, by service. */
export function identifiers(ports: StackPorts): ReadonlyMap<string, string> {
  const { backendAgent, issuer } = stackUrls(ports);
  return new Map([
    ["backend", backendAgent],
    ["auth-server", issuer],
    ...AGENT_NAMES.map((name) => [name, agentUrl(name, ports.gateway)] as const),
  ]);
}
