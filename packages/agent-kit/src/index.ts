/**
 * What an agent of the demo is made of: settings, composition, and the call of another agent.
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
export type { CallersPerson } from "./callers-person.ts";
