/**
 * The stack with two processes of each service that can have them, over shared stores.
 *
 * @module
 */

import { AGENT_NAMES, variablePrefix } from "topology";
import type { ServiceDescription } from "../demo/describe-stack.ts";

/** A database server that the demo starts itself. */
export interface StateServer {
  readonly kind: "postgres" | "valkey";
  /** Folder of PostgreSQL's programs, or Valkey's program. */
  readonly program: string;
  readonly folder: string;
  readonly port: number;
  /** Answers 200 once the server takes connections. */
  readonly healthPort: number;
  readonly password: string;
  readonly url: string;
}

/** Stores that the replicas share, and the ports where they listen. */
export interface Replicas {
  readonly store: string;
  readonly replayStore: string;
  readonly servers: readonly StateServer[];
  /** By service. */
  readonly ports: ReadonlyMap<string, readonly [number, number]>;
}

/** Services with replicas, each with the variable of its port. */
export const REPLICATED: ReadonlyMap<string, string> = new Map([
  ["gateway-authz", "GATEWAY_AUTHZ_PORT"],
  ...AGENT_NAMES.map((name) => [name, `${variablePrefix(name)}_PORT`] as const),
  ["person-server", "PERSON_SERVER_PORT"],
  ["backend", "PORT"],
]);
/** Services that browsers reach at one port, where a gateway calls the replicas by turns. */
const ROUTED: ReadonlySet<string> = new Set(["person-server", "backend"]);

const nameOf = (service: string, index: number) => `${service}-${index + 1}`;

/** Describes the stack with replicas. Services without replicas keep their own stores. */
export function describeReplicas(
  services: readonly ServiceDescription[],
  replicas: Replicas,
): ServiceDescription[] {
  const { store, replayStore, servers } = replicas;
  const shared = { AAUTH_STORE: store, AAUTH_REPLAY_STORE: replayStore };
  const after = (names: readonly string[]) => [
    ...names.flatMap((name) => (isReplicatedOnly(name) ? [nameOf(name, 0), nameOf(name, 1)] : [name])),
    ...servers.map(({ kind }) => kind),
  ];
  return [
    ...servers.map(serverDescription),
    ...services.flatMap((service) => {
      const ports = replicas.ports.get(service.name);
      const changed = { ...service, after: after(service.after) };
      if (service.name === "gateway")
        return [{ ...changed, env: { ...service.env, ...addresses(replicas) } }];
      // It has its own stores.
      if (ports === undefined) return [service.name === "delegate-agent" ? service : changed];
      const own = ports.map((port, index) =>
        replicaOf({ ...changed, env: { ...service.env, ...shared } }, port, index),
      );
      return ROUTED.has(service.name) ? [...own, routerOf(service, ports)] : own;
    }),
  ];
}

const isReplicatedOnly = (name: string) => REPLICATED.has(name) && !ROUTED.has(name);

function replicaOf(service: ServiceDescription, port: number, index: number): ServiceDescription {
  const name = nameOf(service.name, index);
  return {
    ...service,
    name,
    // Replicas in one process would die together.
    hosted: undefined,
    ports: [{ port, purpose: name, variable: "" }],
    healthUrl: `http://127.0.0.1:${port}/health`,
    env: {
      ...service.env,
      [REPLICATED.get(service.name)!]: String(port),
      AAUTH_REPLICAS: "2",
      OTEL_RESOURCE_ATTRIBUTES: `service.instance.id=${name}`,
    },
  };
}

const ROUTER_FILE = "agentgateway/config-replicas.yaml";

/** The service's own port, with its replicas behind it. */
function routerOf(
  service: ServiceDescription,
  [first, second]: readonly [number, number],
): ServiceDescription {
  return {
    ...service,
    args: ["services/gateway/src/main.ts", "-f", ROUTER_FILE],
    hosted: { module: "services/gateway/src/service.ts", argv: ["-f", ROUTER_FILE] },
    env: {
      HOST: "127.0.0.1",
      // The replicas log the requests.
      LOG_LEVEL: "warn",
      REPLICAS_PORT: String(service.ports[0]!.port),
      REPLICA_1_ADDR: `127.0.0.1:${first}`,
      REPLICA_2_ADDR: `127.0.0.1:${second}`,
    },
    after: [nameOf(service.name, 0), nameOf(service.name, 1)],
  };
}

/** The agents and the check service as the gateway's file names them. */
function addresses({ ports }: Replicas): Readonly<Record<string, string>> {
  const at = (name: string) => ports.get(name)!.map((port) => `127.0.0.1:${port}`);
  const agents = AGENT_NAMES.flatMap((name) => {
    const [first = "", second = ""] = at(name);
    const prefix = variablePrefix(name);
    return [
      [`${prefix}_ADDR`, first],
      [`${prefix}_ADDR_2`, second],
      [`${prefix}_WEIGHT_2`, "1"],
    ];
  });
  return { AAUTH_AUTHZ_HOST: at("gateway-authz").join(","), ...Object.fromEntries(agents) };
}

function serverDescription({
  kind,
  program,
  folder,
  port,
  healthPort,
  password,
}: StateServer): ServiceDescription {
  return {
    name: kind,
    args: ["scripts/replicas/state-server.ts", kind, program, folder, String(port), String(healthPort)],
    env: { STATE_PASSWORD: password },
    ports: [
      { port, purpose: kind, variable: "" },
      { port: healthPort, purpose: `${kind}, health`, variable: "" },
    ],
    healthUrl: `http://127.0.0.1:${healthPort}/`,
    after: [],
  };
}
