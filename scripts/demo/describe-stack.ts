import { AGENT_NAMES, agentRow, identifierOf, keyOf, variablePrefix } from "topology";
import { DEMO_DIALECTS } from "./demo-dialect.ts";
import {
  CONSENT_SCOPE,
  PORT_VARIABLES,
  REALM,
  type StackModes,
  type StackPorts,
  stackUrls,
  stateFolders,
} from "./stack.ts";

/** A port that a service listens on. */
export interface NeededPort {
  readonly port: number;
  readonly purpose: string;
  /** Variable of the demo runner that moves it. Undefined: it cannot be moved. */
  readonly variable?: string;
}

/** One part of the stack: its start, its readiness and its ports. */
export interface ServiceDescription {
  readonly name: string;
  /** As a process: arguments for the Node that runs this script. */
  readonly args: readonly string[];
  /**
   * In the demo's own process: the module that exports `start`, and the arguments for it.
   * Undefined: always a process.
   */
  readonly hosted?: { readonly module: string; readonly argv: readonly string[] } | undefined;
  /** Added to the runner's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly ports: readonly NeededPort[];
  /** Answers 2xx, or `healthStatus`, once the service is ready. */
  readonly healthUrl: string;
  readonly healthStatus?: number;
  /** Time in which it must be ready, milliseconds. Default the runner's. */
  readonly readyLimitMs?: number;
  /** Names of services that must be ready before this one is started. */
  readonly after: readonly string[];
}

/** The stack without some services. No other service waits for one that is started separately. */
export function leaveOut(
  services: readonly ServiceDescription[],
  names: readonly string[],
): ServiceDescription[] {
  return services
    .filter(({ name }) => !names.includes(name))
    .map((service) => ({ ...service, after: service.after.filter((name) => !names.includes(name)) }));
}

/** Services with another name in traces: those of the published walk-through. */
const TRACE_NAMES: Readonly<Record<string, string>> = {
  backend: "supply-chain-backend",
  gateway: "agentgateway",
};
/** The first start downloads and builds it. */
const KEYCLOAK_READY_LIMIT_MS = 20 * 60_000;

/**
 * The whole stack, in the order of its dependencies. Every port and identity is passed explicitly,
 * so that a `.env` or a shell's left-over variable cannot make two services disagree. Pure: reads
 * nothing, starts nothing.
 */
export function describeStack(ports: StackPorts, modes: StackModes): ServiceDescription[] {
  const stack = createStack(ports, modes);
  return [
    traceStore(stack),
    authServer(stack),
    ...dialectOf(modes).services.map((name) => OWN_SERVICES[name](stack)),
    gatewayAuthz(stack),
    ...AGENT_NAMES.map((name) => agent(stack, name)),
    gateway(stack),
    backend(stack),
    ...(modes.delegate ? [delegateAgent(stack)] : []),
    ...(modes.ui ? [page(stack)] : []),
  ];
}

type Stack = ReturnType<typeof createStack>;

const dialectOf = ({ profile }: StackModes) => DEMO_DIALECTS[profile];
const OWN_SERVICES = { "person-server": personServer };

/** Values that several services need, and common settings of all. */
function createStack(ports: StackPorts, modes: StackModes) {
  const urls = stackUrls(ports);
  const dialect = dialectOf(modes);
  const folders = stateFolders(ports, modes);
  const common = {
    HOST: "127.0.0.1",
    AAUTH_PROFILE: modes.profile,
    ...dialect.env(ports, modes),
    KEYCLOAK_URL: urls.authServer,
    KEYCLOAK_REALM: REALM,
    AAUTH_SIGNATURE_SCHEME: modes.signatureScheme,
    AAUTH_AUTHORIZATION_SCHEME: modes.authorizationScheme,
    AAUTH_SHOW_TOKENS: String(modes.showTokens),
    AAUTH_STORE: modes.store ?? `sqlite:${folders.data}`,
    AAUTH_REPLAY_STORE: modes.replayStore ?? "",
    AAUTH_KEYS: modes.store === "memory" ? "" : folders.keys,
    ...(modes.publishedPeers && { AAUTH_PUBLISHED_PEERS: modes.publishedPeers.join(" ") }),
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${ports.traceStoreOtlp}`,
    // A variable of the shell would override it, and the page would find no trace.
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "",
  };
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
  return {
    ports,
    modes,
    urls,
    dialect,
    idOf: (name: string) => dialect.partyId(name, ports),
    isDelegated: modes.authorizationScheme === "user-delegated",
    // By port, so that two stacks do not enrol each other's delegates.
    delegatesFile: `.data/delegates-${ports.backend}.json`,
    need,
    service,
  };
}

function traceStore(stack: Stack): ServiceDescription {
  const { ports, modes, urls, need, service } = stack;
  return service("trace-store", "traceStore", {
    args: ["scripts/demo/trace-store.ts"],
    hosted: { module: "scripts/demo/trace-store.ts", argv: [] },
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
      // Jaeger would otherwise make spans itself and send them by gRPC to a port where nothing
      // listens.
      OTEL_TRACES_SAMPLER: "always_off",
    },
  });
}

function authServer(stack: Stack): ServiceDescription {
  const { ports, modes, urls, dialect, isDelegated, need, service } = stack;
  return service("auth-server", "authServer", {
    ...(modes.authServer === "keycloak" && {
      args: ["scripts/keycloak/main.ts"],
      hosted: undefined,
      ports: [need("authServer", "Keycloak"), need("keycloakManagement", "Keycloak, health")],
      // Answers once the realm exists, which is after Keycloak's own readiness.
      healthUrl: `http://127.0.0.1:${ports.authServer}/realms/${REALM}/.well-known/aauth-issuer`,
      readyLimitMs: KEYCLOAK_READY_LIMIT_MS,
    }),
    env: {
      ...(modes.authServer === "keycloak" && {
        OTEL_SERVICE_NAME: "keycloak",
        KEYCLOAK_MANAGEMENT_PORT: String(ports.keycloakManagement),
        KEYCLOAK_AAUTH_ENABLED: String(dialect.authServerIssues),
      }),
      AUTH_SERVER_PORT: String(ports.authServer),
      AUTH_SERVER_URL: urls.authServer,
      AUTH_SERVER_UI_URL: urls.ui,
      AUTH_SERVER_PERSON_SERVER_URL: urls.personServer,
      AUTH_SERVER_SELF_AGENTS: urls.supplyChainAgent,
      AUTH_SERVER_EXCHANGE_AGENTS: urls.supplyChainAgent,
      ...(isDelegated && { AUTH_SERVER_CONSENT_SCOPES: CONSENT_SCOPE }),
    },
  });
}

function personServer(stack: Stack): ServiceDescription {
  const { ports, modes, urls, service } = stack;
  const resources = AGENT_NAMES.map(identifierOf).join(" ");
  return service("person-server", "personServer", {
    env: {
      PERSON_SERVER_PORT: String(ports.personServer),
      PERSON_SERVER_URL: urls.personServer,
      PERSON_SERVER_OIDC_ISSUER: urls.issuer,
      PERSON_SERVER_APPLICATIONS: urls.ui,
      // In mode mission only the mission admits agents there.
      PERSON_SERVER_RESOURCES: modes.mode === "mission" ? "" : resources,
      PERSON_SERVER_MISSIONS: String(modes.mode === "mission"),
      PERSON_SERVER_SIGN_IN_PAGES: `${identifierOf("supply-chain-agent")}/orders/interaction/callback`,
      ACCESS_SERVER_RESOURCES: modes.mode === "federated" ? resources : "",
    },
  });
}

function gatewayAuthz(stack: Stack): ServiceDescription {
  const { ports, idOf, dialect, service } = stack;
  return service("gateway-authz", "gatewayAuthz", {
    env: {
      GATEWAY_AUTHZ_PORT: String(ports.gatewayAuthz),
      [dialect.resourcesVariable]: AGENT_NAMES.map(idOf).join(" "),
    },
  });
}

function agent(stack: Stack, name: (typeof AGENT_NAMES)[number]): ServiceDescription {
  const { ports, idOf, isDelegated, service } = stack;
  const { additionalScopes } = agentRow(name);
  return service(name, keyOf(name), {
    env: {
      // Addresses of all agents, then its own.
      ...Object.fromEntries(AGENT_NAMES.map((peer) => [`${variablePrefix(peer)}_URL`, idOf(peer)])),
      [`${variablePrefix(name)}_PORT`]: String(ports[keyOf(name)]),
      [`${variablePrefix(name)}_URL`]: `http://localhost:${ports[keyOf(name)]}`,
      [`${variablePrefix(name)}_ID_URL`]: idOf(name),
      ...(isDelegated &&
        additionalScopes && { AAUTH_RESOURCE_ADDITIONAL_SCOPES: additionalScopes.join(" ") }),
    },
  });
}

function gateway(stack: Stack): ServiceDescription {
  const { ports, modes, idOf, need, service } = stack;
  return service("gateway", "gateway", {
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
      BACKEND_AGENT_URL: idOf("backend"),
      // With jwks no pseudonymous call would reach an agent. The file with rules on identity keeps
      // jwks.
      GATEWAY_REQUIRED_SCHEME: modes.signatureScheme,
      AAUTH_AUTHZ_HOST: `127.0.0.1:${ports.gatewayAuthz}`,
      // The second is a replica's, which receives no requests with weight 0.
      ...Object.fromEntries(
        AGENT_NAMES.flatMap((name) => {
          const prefix = variablePrefix(name);
          const address = `127.0.0.1:${ports[keyOf(name)]}`;
          return [
            [`${prefix}_ADDR`, address],
            [`${prefix}_ADDR_2`, address],
            [`${prefix}_WEIGHT_2`, "0"],
          ];
        }),
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
  });
}

function backend(stack: Stack): ServiceDescription {
  const { ports, urls, idOf, dialect, delegatesFile, service } = stack;
  return service("backend", "backend", {
    env: {
      PORT: String(ports.backend),
      BACKEND_AGENT_URL: idOf("backend"),
      SUPPLY_CHAIN_AGENT_URL: idOf("supply-chain-agent"),
      MARKET_ANALYSIS_AGENT_URL: idOf("market-analysis-agent"),
      AAUTH_TRACE_QUERY_URL: urls.traces,
      AAUTH_TRACE_UI_URL: urls.traces,
      AAUTH_BREAK_IT: "true",
      KEYCLOAK_CLIENT_ID: "supply-chain-ui",
      AAUTH_FRONTEND_REDIRECT_URL: urls.ui,
      CORS_ALLOWED_ORIGINS: urls.ui,
      BACKEND_DELEGATES_FILE: delegatesFile,
    },
    after: ["auth-server", ...dialect.services, "gateway"],
  });
}

function delegateAgent(stack: Stack): ServiceDescription {
  const { ports, modes, idOf, delegatesFile, service } = stack;
  const own = `delegate-agent-${ports.delegateAgent}`;
  return service("delegate-agent", "delegateAgent", {
    // It shares nothing with the backend except the public half of its key.
    hosted: undefined,
    env: {
      DELEGATE_AGENT_PORT: String(ports.delegateAgent),
      DELEGATE_AGENT_URL: `http://delegate-agent.localhost:${ports.delegateAgent}`,
      BACKEND_AGENT_URL: idOf("backend"),
      SUPPLY_CHAIN_AGENT_URL: idOf("supply-chain-agent"),
      DELEGATE_DATA_FOLDER: `.data/${own}`,
      ...(modes.store !== "memory" && { AAUTH_STORE: `sqlite:.data/${own}`, AAUTH_KEYS: `.keys/${own}` }),
      AAUTH_REPLAY_STORE: "",
      // Here one person runs both. Elsewhere the backend's operator enters a delegate's public key
      // by hand.
      DELEGATE_ENROLMENT_FILE: delegatesFile,
    },
  });
}

function page(stack: Stack): ServiceDescription {
  const { ports, modes, urls, dialect, service } = stack;
  return service("ui", "ui", {
    args: ["scripts/demo/page.ts"],
    hosted: { module: "scripts/demo/page.ts", argv: [] },
    env: {
      UI_PORT: String(ports.ui),
      UI_BACKEND_URL: urls.backend,
      UI_AUTH_SERVER_URL: urls.issuer,
      UI_CLIENT_ID: "supply-chain-ui",
      ...dialect.pageEnv(modes, urls),
      UI_OTLP_URL: `http://localhost:${ports.traceStoreOtlp}`,
    },
    healthUrl: `http://127.0.0.1:${ports.ui}/config.json`,
    // The trace store has built the page by then.
    after: ["trace-store"],
  });
}
