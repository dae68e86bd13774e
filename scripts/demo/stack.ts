import { fileURLToPath } from "node:url";
import type { DRAFT_11_MODES, PROFILES } from "agent-kit/service";
import {
  AGENT_NAMES,
  AGENTS,
  agentRow,
  agentUrl,
  DRAFT_11_SERVERS,
  identifierOf,
  keyOf,
  type ListenerKey,
  PORTS,
  variablePrefix,
} from "topology";

/** The port of each listener of the stack. `DEMO_PORTS` for the demo; a test takes free ones. */
export type StackPorts = Readonly<Record<ListenerKey, number>>;

const LISTENER_KEYS = Object.keys(PORTS) as ListenerKey[];
const ofEachListener = <Value>(value: (key: ListenerKey) => Value) =>
  Object.fromEntries(LISTENER_KEYS.map((key) => [key, value(key)])) as Readonly<Record<ListenerKey, Value>>;

export const DEMO_PORTS: StackPorts = ofEachListener((key) => PORTS[key].port);

/** The variable that moves each port, for the demo runner. Those of the services carry the service's own name for it. */
export const PORT_VARIABLES = ofEachListener((key) => PORTS[key].variable);

export const SIGNATURE_SCHEMES = ["hwk", "jwks"] as const;
export const AUTH_SERVERS = ["embedded", "keycloak"] as const;
export const AUTHORIZATION_SCHEMES = ["signature-only", "autonomous", "user-delegated"] as const;

/** What may differ between two runs of the stack. */
export interface StackModes {
  readonly profile: (typeof PROFILES)[number];
  /** Of draft-11; in its place February has the two schemes. */
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
  /** A process that acts under the backend's identity with a key of its own. */
  readonly delegate: boolean;
  readonly showTokens: boolean;
  /** Identifiers of the parties that are the published demo's. Undefined: those that the environment names. */
  readonly publishedPeers?: readonly string[];
}

/** Verification only. A gateway's file is of one profile. */
export const POLICY_FILES: Readonly<Record<StackModes["profile"], string>> = {
  "february-2026": "agentgateway/config.yaml",
  "draft-11": "agentgateway/config-draft-11.yaml",
};

export const DEMO_MODES: StackModes = {
  profile: "february-2026",
  mode: "person-server",
  signatureScheme: "jwks",
  authorizationScheme: "autonomous",
  policyFile: POLICY_FILES["february-2026"],
  authServer: "embedded",
  ui: true,
  delegate: true,
  showTokens: false,
};

/** A port that a service listens on. */
export interface NeededPort {
  readonly port: number;
  readonly purpose: string;
  /** Variable of the demo runner that moves it. */
  readonly variable: string;
}

/** One part of the stack: how it is started, when it is ready, what it occupies. */
export interface ServiceDescription {
  readonly name: string;
  /** As a process: arguments for the Node that runs this script. */
  readonly args: readonly string[];
  /** In the demo's own process: the module that exports `start`, and the arguments for it. Undefined: always a process. */
  readonly hosted?: { readonly module: string; readonly argv: readonly string[] } | undefined;
  /** On top of the runner's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly ports: readonly NeededPort[];
  /** Answers 2xx, or `healthStatus`, once the service is ready. */
  readonly healthUrl: string;
  readonly healthStatus?: number;
  /** How long it may take to be ready, milliseconds. Default the runner's. */
  readonly readyLimitMs?: number;
  /** Names of services that must be ready before this one is started. */
  readonly after: readonly string[];
}

/** The same stack without some services: nothing waits for services that are started separately. */
export function leaveOut(
  services: readonly ServiceDescription[],
  names: readonly string[],
): ServiceDescription[] {
  return services
    .filter(({ name }) => !names.includes(name))
    .map((service) => ({ ...service, after: service.after.filter((name) => !names.includes(name)) }));
}

/** Where each part of the stack is reached, and the identities of the agents. */
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

/** Services that traces know by another name than ours: the published walk-through's. */
const TRACE_NAMES: Readonly<Record<string, string>> = {
  backend: "supply-chain-backend",
  gateway: "agentgateway",
};
const REALM = "aauth-test";
/** What the user is asked about in user-delegated mode. */
export const CONSENT_SCOPE = AGENTS["supply-chain-agent"].scope;
/** The first time it is fetched and built. */
const KEYCLOAK_READY_LIMIT_MS = 20 * 60_000;
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

/** What each party is called by the others: in February its address, in draft-11 an identifier without a port. */
function partyIds(ports: StackPorts, { profile }: StackModes) {
  const isDraft11 = profile === "draft-11";
  return {
    backend: isDraft11 ? identifierOf("backend") : stackUrls(ports).backendAgent,
    agent: (name: string) => (isDraft11 ? identifierOf(name) : agentUrl(name, ports.gateway)),
  };
}

/** `AAUTH_ENDPOINTS`: where the parties of draft-11 are, and where a browser finds their pages. */
export function endpointTable(ports: StackPorts): string {
  const { backend, personServer } = stackUrls(ports);
  const at = (port: number, browser: string) => `http://127.0.0.1:${port},${browser}`;
  return [
    ["backend", at(ports.backend, backend)],
    ...AGENT_NAMES.map((name) => [name, at(ports.gateway, agentUrl(name, ports.gateway))]),
    ...Object.values(DRAFT_11_SERVERS).map((name) => [name, at(ports.personServer, personServer)]),
    // There while npm run levels runs.
    ["visitor", `http://127.0.0.1:${ports.visitor}`],
  ]
    .map(([name, address]) => `${identifierOf(name!)}=${address}`)
    .join(" ");
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

/**
 * The whole stack, in the order of its dependencies. Every port and identity is passed explicitly, so that a `.env`
 * or a shell's left-over variable cannot make two services disagree. Pure: reads nothing, starts nothing.
 */
export function describeStack(ports: StackPorts, modes: StackModes): ServiceDescription[] {
  const urls = stackUrls(ports);
  const ids = partyIds(ports, modes);
  const isDraft11 = modes.profile === "draft-11";
  const common = {
    HOST: "127.0.0.1",
    AAUTH_PROFILE: modes.profile,
    ...(isDraft11 && { AAUTH_MODE: modes.mode, AAUTH_ENDPOINTS: endpointTable(ports) }),
    KEYCLOAK_URL: urls.authServer,
    KEYCLOAK_REALM: REALM,
    AAUTH_SIGNATURE_SCHEME: modes.signatureScheme,
    AAUTH_AUTHORIZATION_SCHEME: modes.authorizationScheme,
    AAUTH_SHOW_TOKENS: String(modes.showTokens),
    ...(modes.publishedPeers && { AAUTH_PUBLISHED_PEERS: modes.publishedPeers.join(" ") }),
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${ports.traceStoreOtlp}`,
    // A shell's own would win over it, and the page would find no trace.
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "",
  };
  // By port, so that two stacks do not enrol each other's delegates.
  const delegatesFile = `.data/delegates-${ports.backend}.json`;
  const resources = AGENT_NAMES.map(identifierOf).join(" ");
  const isDelegated = modes.authorizationScheme === "user-delegated";
  const need = (key: keyof StackPorts, purpose: string) => ({
    port: ports[key],
    purpose,
    variable: PORT_VARIABLES[key],
  });
  const service = (
    name: string,
    key: keyof StackPorts,
    rest: Partial<ServiceDescription> = {},
  ): ServiceDescription => ({
    name,
    args: [`services/${name}/src/main.ts`],
    hosted: { module: `services/${name}/src/service.ts`, argv: [] },
    ports: [need(key, name)],
    healthUrl: `http://127.0.0.1:${ports[key]}/health`,
    after: [],
    ...rest,
    env: { ...common, OTEL_SERVICE_NAME: TRACE_NAMES[name] ?? name, ...rest.env },
  });
  const services = [
    service("trace-store", "traceStore", {
      args: ["scripts/demo/trace-store.ts"],
      hosted: { module: "scripts/demo/trace-store-service.ts", argv: [] },
      ports: [need("traceStore", "trace store"), need("traceStoreOtlp", "trace store, incoming spans")],
      ...(modes.jaegerProgram !== undefined && {
        hosted: undefined,
        args: [
          "scripts/foreign-program.ts",
          modes.jaegerProgram,
          "--config",
          "file:scripts/jaeger/jaeger.yaml",
        ],
        ports: [need("traceStore", "Jaeger"), need("traceStoreOtlp", "Jaeger, incoming spans")],
        healthUrl: `http://127.0.0.1:${ports.traceStore}/api/services`,
      }),
      env: {
        TRACE_STORE_PORT: String(ports.traceStore),
        TRACE_STORE_OTLP_PORT: String(ports.traceStoreOtlp),
        CORS_ALLOWED_ORIGINS: urls.ui,
        // Jaeger would make spans of its own, and send them by gRPC to a port where nothing listens.
        OTEL_TRACES_SAMPLER: "always_off",
      },
    }),
    service("auth-server", "authServer", {
      ...(modes.authServer === "keycloak" && {
        args: ["scripts/keycloak/main.ts"],
        hosted: undefined,
        ports: [need("authServer", "Keycloak"), need("keycloakManagement", "Keycloak, health")],
        // There once the realm is, which comes after Keycloak's own readiness.
        healthUrl: `http://127.0.0.1:${ports.authServer}/realms/${REALM}/.well-known/aauth-issuer`,
        readyLimitMs: KEYCLOAK_READY_LIMIT_MS,
      }),
      env: {
        ...(modes.authServer === "keycloak" && {
          OTEL_SERVICE_NAME: "keycloak",
          KEYCLOAK_MANAGEMENT_PORT: String(ports.keycloakManagement),
          // With draft -11 the person server and the access server issue the tokens.
          KEYCLOAK_AAUTH_ENABLED: String(!isDraft11),
        }),
        AUTH_SERVER_PORT: String(ports.authServer),
        AUTH_SERVER_URL: urls.authServer,
        AUTH_SERVER_UI_URL: urls.ui,
        AUTH_SERVER_PERSON_SERVER_URL: urls.personServer,
        AUTH_SERVER_SELF_AGENTS: urls.supplyChainAgent,
        AUTH_SERVER_EXCHANGE_AGENTS: urls.supplyChainAgent,
        ...(isDelegated && { AUTH_SERVER_CONSENT_SCOPES: CONSENT_SCOPE }),
      },
    }),
    ...(isDraft11
      ? [
          service("person-server", "personServer", {
            env: {
              PERSON_SERVER_PORT: String(ports.personServer),
              PERSON_SERVER_URL: urls.personServer,
              PERSON_SERVER_OIDC_ISSUER: urls.issuer,
              PERSON_SERVER_APPLICATIONS: urls.ui,
              PERSON_SERVER_RESOURCES: resources,
              PERSON_SERVER_SIGN_IN_PAGES: `${identifierOf("supply-chain-agent")}/orders/interaction/callback`,
              ACCESS_SERVER_RESOURCES: modes.mode === "federated" ? resources : "",
            },
          }),
        ]
      : []),
    service("gateway-authz", "gatewayAuthz", {
      env: {
        GATEWAY_AUTHZ_PORT: String(ports.gatewayAuthz),
        [isDraft11 ? "GATEWAY_AUTHZ_DRAFT_11_RESOURCES" : "GATEWAY_AUTHZ_RESOURCES"]: AGENT_NAMES.map(
          ids.agent,
        ).join(" "),
      },
    }),
    ...AGENT_NAMES.map((name) => {
      const { additionalScopes } = agentRow(name);
      return service(name, keyOf(name), {
        env: {
          // Where the others are called, and then its own address.
          ...Object.fromEntries(AGENT_NAMES.map((peer) => [`${variablePrefix(peer)}_URL`, ids.agent(peer)])),
          [`${variablePrefix(name)}_PORT`]: String(ports[keyOf(name)]),
          [`${variablePrefix(name)}_URL`]: `http://localhost:${ports[keyOf(name)]}`,
          [`${variablePrefix(name)}_ID_URL`]: ids.agent(name),
          ...(isDelegated &&
            additionalScopes && { AAUTH_RESOURCE_ADDITIONAL_SCOPES: additionalScopes.join(" ") }),
        },
      });
    }),
    service("gateway", "gateway", {
      args: [
        ...(modes.gatewayProgram === undefined
          ? ["services/gateway/src/main.ts"]
          : ["scripts/foreign-program.ts", modes.gatewayProgram]),
        "-f",
        modes.policyFile,
      ],
      hosted:
        modes.gatewayProgram === undefined
          ? { module: "services/gateway/src/service.ts", argv: ["-f", modes.policyFile] }
          : undefined,
      ports: [need("gateway", "gateway")],
      env: {
        // The configuration file names these; its defaults are the demo's ports.
        GATEWAY_PORT: String(ports.gateway),
        BACKEND_AGENT_URL: ids.backend,
        // With a minimum of jwks no pseudonymous call would ever reach an agent. The file with rules on identity keeps jwks.
        GATEWAY_REQUIRED_SCHEME: modes.signatureScheme,
        AAUTH_AUTHZ_HOST: `127.0.0.1:${ports.gatewayAuthz}`,
        ...Object.fromEntries(
          AGENT_NAMES.map((name) => [`${variablePrefix(name)}_ADDR`, `127.0.0.1:${ports[keyOf(name)]}`]),
        ),
        // Ports of Agentgateway's own, which the embedded gateway does not open.
        ADMIN_ADDR: "127.0.0.1:0",
        STATS_ADDR: "127.0.0.1:0",
        READINESS_ADDR: "127.0.0.1:0",
        OTLP_ENDPOINT: `http://localhost:${ports.traceStoreOtlp}`,
      },
      // No listener of the file has this name.
      healthUrl: `http://127.0.0.1:${ports.gateway}/`,
      healthStatus: 404,
      after: ["trace-store", "gateway-authz", ...AGENT_NAMES],
    }),
    service("backend", "backend", {
      env: {
        PORT: String(ports.backend),
        BACKEND_AGENT_URL: ids.backend,
        SUPPLY_CHAIN_AGENT_URL: ids.agent("supply-chain-agent"),
        MARKET_ANALYSIS_AGENT_URL: ids.agent("market-analysis-agent"),
        AAUTH_TRACE_QUERY_URL: urls.traces,
        AAUTH_TRACE_UI_URL: urls.traces,
        AAUTH_BREAK_IT: "true",
        KEYCLOAK_CLIENT_ID: "supply-chain-ui",
        AAUTH_FRONTEND_REDIRECT_URL: urls.ui,
        CORS_ALLOWED_ORIGINS: urls.ui,
        BACKEND_DELEGATES_FILE: delegatesFile,
        ...(isDraft11 && {
          BACKEND_WAITING_FILE: `.data/waiting-runs-${ports.backend}.json`,
        }),
      },
      after: ["auth-server", ...(isDraft11 ? ["person-server"] : []), "gateway"],
    }),
  ];
  if (modes.delegate) {
    const delegate = service("delegate-agent", "delegateAgent", {
      // Its point is to share nothing with the backend but the public half of its key.
      hosted: undefined,
      env: {
        DELEGATE_AGENT_PORT: String(ports.delegateAgent),
        DELEGATE_AGENT_URL: `http://delegate-agent.localhost:${ports.delegateAgent}`,
        BACKEND_AGENT_URL: ids.backend,
        SUPPLY_CHAIN_AGENT_URL: ids.agent("supply-chain-agent"),
        DELEGATE_DATA_FOLDER: `.data/delegate-agent-${ports.delegateAgent}`,
        // Here one person runs both. Elsewhere the backend's operator enters a delegate's public key by hand.
        DELEGATE_ENROLMENT_FILE: delegatesFile,
      },
    });
    services.push(delegate);
  }
  if (!modes.ui) return services;
  const ui = service("ui", "ui", {
    args: ["scripts/demo/page.ts"],
    hosted: { module: "scripts/demo/page-service.ts", argv: [] },
    env: {
      UI_PORT: String(ports.ui),
      UI_BACKEND_URL: urls.backend,
      UI_AUTH_SERVER_URL: urls.issuer,
      UI_CLIENT_ID: "supply-chain-ui",
      ...(isDraft11 && { UI_PROFILE: modes.profile, UI_PERSON_SERVER_URL: urls.personServer }),
      UI_OTLP_URL: `http://localhost:${ports.traceStoreOtlp}`,
    },
    healthUrl: `http://127.0.0.1:${ports.ui}/config.json`,
    // Which has built the page by then.
    after: ["trace-store"],
  });
  return [...services, ui];
}
