import { connect, createServer } from "node:net";
import type { FakeServer } from "../../../services/gateway/test/support/fake-agent.ts";
import type { Destination, PolicyFile } from "./expectation.ts";

/**
 * A running gateway with one of the files, and the ports at which it expects the services of the
 * tests.
 */
export interface RunningGateway {
  readonly port: number;
  readonly file: PolicyFile;
  readonly authzPort: number;
  readonly agentPorts: Readonly<Partial<Record<Destination, number>>>;
}

/**
 * The gateway at GATEWAY_TEST_PORT. It reads GATEWAY_TEST_FILE, and its environment must have
 * AAUTH_AUTHZ_HOST at GATEWAY_TEST_AUTHZ_PORT, and the two agents at GATEWAY_TEST_SUPPLY_CHAIN_PORT
 * and GATEWAY_TEST_MARKET_ANALYSIS_PORT, on loopback.
 */
export function runningGateway(env: NodeJS.ProcessEnv): RunningGateway | undefined {
  if (!env.GATEWAY_TEST_PORT) return undefined;
  return {
    port: Number(env.GATEWAY_TEST_PORT),
    file: env.GATEWAY_TEST_FILE as PolicyFile,
    authzPort: Number(env.GATEWAY_TEST_AUTHZ_PORT),
    agentPorts: {
      "supply-chain-agent": Number(env.GATEWAY_TEST_SUPPLY_CHAIN_PORT),
      "market-analysis-agent": Number(env.GATEWAY_TEST_MARKET_ANALYSIS_PORT),
    },
  };
}

/**
 * Forwards bytes from the ports that the gateway knows to the tests' agents, which listen on free
 * ports.
 */
export async function listenFor(
  { agentPorts }: RunningGateway,
  agents: Readonly<Partial<Record<Destination, FakeServer>>>,
): Promise<{ close(): void }[]> {
  const named = Object.entries(agentPorts) as [Destination, number][];
  return Promise.all(named.map(([name, port]) => lead(port, agents[name]!.port)));
}

function lead(from: number, to: number): Promise<{ close(): void }> {
  const server = createServer((incoming) => {
    const outgoing = connect({ host: "127.0.0.1", port: to });
    incoming.pipe(outgoing).pipe(incoming);
    // The end of one side ends the other.
    incoming.on("error", () => outgoing.destroy()).on("close", () => outgoing.destroy());
    outgoing.on("error", () => incoming.destroy()).on("close", () => incoming.destroy());
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(from, "127.0.0.1", () => resolve({ close: () => void server.close() }));
  });
}
