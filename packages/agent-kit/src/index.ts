/**
 * Parts of the demo's agents: settings, composition, and calls to other agents.
 *
 * @module
 */

export {
  type AgentCardTexts,
  type AgentParts,
  type AgentServiceDeps,
  type AgentServiceOptions,
  caller,
  createAgentService,
} from "./agent-service.ts";
export { type AgentConfig, agentSettings, type NamedAgent } from "./agent-settings.ts";
export type { CallInteraction } from "./call-interaction.ts";
