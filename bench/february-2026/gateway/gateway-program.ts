import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { type Program, startProgram } from "../../program.ts";

const POLICY_FILE = new URL("../../../agentgateway/config-policy.yaml", import.meta.url);
const GATEWAY = new URL("../../../services/gateway/src/main.ts", import.meta.url);
const AUTHZ = new URL("../../../services/gateway-authz/src/main.ts", import.meta.url);

/** The identity behind the route that is measured; only the port is ours. */
export const resourceAt = (port: number): string => `http://supply-chain-agent.localhost:${port}`;

interface Document {
  config: { tracing?: unknown };
  binds: { listeners: { routes: { policies: Record<string, unknown> }[] }[] }[];
}

/** A gateway of the bench. */
export interface BenchGateway {
  readonly port: number;
  readonly originPort: number;
  /** Unset: no check and no rules. */
  readonly check?: {
    readonly authzPort: number;
    readonly agent: string;
  };
  readonly folder: string;
  readonly name: string;
}

/** Writes the demo's own policy file, without its rules where nothing is checked. */
function writeGatewayFile(options: BenchGateway): { file: string; env: Record<string, string> } {
  const { port, originPort, check, folder, name } = options;
  const document = parse(readFileSync(POLICY_FILE, "utf8")) as Document;
  delete document.config.tracing;
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
    SUPPLY_CHAIN_AGENT_ADDR: `127.0.0.1:${originPort}`,
    ...(check && {
      AAUTH_AUTHZ_HOST: `127.0.0.1:${check.authzPort}`,
      BACKEND_AGENT_URL: check.agent,
    }),
  };
  return { file, env };
}

/** The embedded gateway. Its access log goes to a file of the folder. */
export function startGateway(options: BenchGateway): Promise<Program> {
  const { port, folder, name } = options;
  const { file, env } = writeGatewayFile(options);
  const output = join(folder, `${name}.log`);
  return startProgram(GATEWAY, { port, args: ["-f", file], output, env, core: "measured" });
}

/** The check service of the gateway on `gatewayPort`. */
export function startAuthz(port: number, gatewayPort: number): Promise<Program> {
  const env = {
    GATEWAY_AUTHZ_PORT: String(port),
    GATEWAY_AUTHZ_RESOURCES: resourceAt(gatewayPort),
    OTEL_SDK_DISABLED: "true",
  };
  return startProgram(AUTHZ, { port, env, core: "measured" });
}
