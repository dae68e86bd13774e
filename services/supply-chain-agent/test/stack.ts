import type { Stores } from "aauth";
import { memoryKeys } from "agent-kit/service";
import { loadConfig } from "agent-kit/settings";
import { createTestParties } from "../../../packages/aauth/test/february-2026/parties.ts";
import { type AgentStack, startAgentStack } from "../../../packages/agent-kit/test/support/agent-stack.ts";
import { buildSupplyChainAgent } from "../src/app.ts";
import { settings } from "../src/config.ts";
import type { Network } from "./network.ts";

export { inject, messageSend } from "../../../packages/agent-kit/test/support/agent-stack.ts";
export type Stack = AgentStack;

export const SELF = "http://supply-chain-agent.localhost:3000";

/** @param network the parties of the second hop; without it the agent cannot call any */
export async function startStack(
  env: NodeJS.ProcessEnv = {},
  network?: Network,
  stores?: Stores,
): Promise<Stack> {
  const config = loadConfig({ service: "test", settings, env, argv: [] });
  const own = network && {
    keys: memoryKeys(network.selfKey),
    transport: network.transport,
    ...(stores && { stores }),
  };
  return startAgentStack(SELF, network ?? (await createTestParties()), (deps) =>
    buildSupplyChainAgent(config, { ...deps, ...own }),
  );
}
