import { loadConfig } from "agent-kit/settings";
import { createTestParties } from "../../../packages/aauth/test/february-2026/parties.ts";
import { type AgentStack, startAgentStack } from "../../../packages/agent-kit/test/support/agent-stack.ts";
import { buildMarketAnalysisAgent } from "../src/app.ts";
import { settings } from "../src/config.ts";

export { inject } from "../../../packages/agent-kit/test/support/agent-stack.ts";
export type Stack = AgentStack;

export const SELF = "http://market-analysis-agent.localhost:3000";

export async function startStack(env: NodeJS.ProcessEnv = {}): Promise<Stack> {
  const config = loadConfig({ service: "test", settings, env, argv: [] });
  return startAgentStack(SELF, await createTestParties(), (deps) => buildMarketAnalysisAgent(config, deps));
}
