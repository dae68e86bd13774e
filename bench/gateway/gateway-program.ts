import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Core } from "../cores.ts";
import { Program } from "./program.ts";

const POLICY_FILE = new URL("../../agentgateway/config-policy.yaml", import.meta.url);
const GATEWAY = new URL("../../services/gateway/src/main.ts", import.meta.url);
const AUTHZ = new URL("../../services/gateway-authz/src/main.ts", import.meta.url);

/** The identity behind the route that is measured; only the port is ours. */
export const resourceAt = (port: number): string => `http://supply-chain-agent.localhost:${port}`;

interface Document {
  config: { tracing?: unknown };
  binds: { listeners: { routes: { policies: Record<string, unknown> }[] }[] }[];
}

/** A gateway of the bench: where it listens and what it is told to do. */
export interface BenchGateway {
  readonly port: number;
  readonly originPort: number;
  /** Unset: no check and no rules. */
  readonly check?: {
    /** Where the check service is. */
    readonly authzPort: number;
    readonly agent: string;
  };
  readonly traced: boolean;
  readonly folder: string;
  readonly name: string;
}

/** Writes the demo's own policy file, or with parts of it taken out; it means the same to every gateway. */
export function writeGatewayFile(options: BenchGateway): { file: string; env: Record<string, string> } {
  const { port, originPort, check, folder, name } = options;
  const document = parse(readFileSync(POLICY_FILE, "utf8")) as Document;
  if (!options.traced) delete document.config.tracing;
  const routes = document.binds.flatMap(({ listeners }) => listeners.flatMap((listener) => listener.routes));
  for (const { policies } of routes) {
    if (check !== undefined) continue;
    delete policies.extAuthz;
    delete policies.authorization;
  }
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, stringify(document));
  const env = {
    GATEWAY_PORT: String(port),
    ADMIN_ADDR: "127.0.0.1:0",
    STATS_ADDR: "127.0.0.1:0",
    READINESS_ADDR: "127.0.0.1:0",
    OTLP_ENDPOINT: `http://127.0.0.1:${originPort}`,
    SUPPLY_CHAIN_AGENT_ADDR: `127.0.0.1:${originPort}`,
    ...(check && {
      AAUTH_AUTHZ_HOST: `127.0.0.1:${check.authzPort}`,
      BACKEND_AGENT_URL: check.agent,
    }),
  };
  return { file, env };
}

/** The embedded gateway. Its access log goes to a file. */
export function startGateway(
  options: BenchGateway & {
    nodeFlags?: readonly string[];
    core?: Core;
    /** Default true. A long run would fill the disk. */
    keepsLog?: boolean;
  },
): Promise<Program> {
  const { port, folder, name, keepsLog = true } = options;
  const { file, env } = writeGatewayFile(options);
  return Program.start(GATEWAY, {
    port,
    args: ["-f", file],
    ...(keepsLog && { output: join(folder, `${name}.log`) }),
    ...(options.nodeFlags && { nodeFlags: options.nodeFlags }),
    ...(options.core && { core: options.core }),
    env,
  });
}

/** The check service of the gateways on `gatewayPorts`. */
export function startAuthz(options: {
  port: number;
  gatewayPorts: readonly number[];
  traced: boolean;
  nodeFlags?: readonly string[];
  core?: Core;
}): Promise<Program> {
  return Program.start(AUTHZ, {
    port: options.port,
    ...(options.nodeFlags && { nodeFlags: options.nodeFlags }),
    ...(options.core && { core: options.core }),
    env: {
      GATEWAY_AUTHZ_PORT: String(options.port),
      GATEWAY_AUTHZ_RESOURCES: options.gatewayPorts.map(resourceAt).join(","),
      OTEL_SDK_DISABLED: String(!options.traced),
    },
  });
}
