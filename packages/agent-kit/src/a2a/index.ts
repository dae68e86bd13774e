/**
 * The A2A protocol on Fastify: JSON-RPC in its 0.3 and 1.0 form, the agent card, the extended card.
 * It knows nothing of who may call: that is decided by hooks in front of it, and handed in through `stateFor`.
 *
 * @module
 */

export { type AgentCardOptions, type AgentSkillOptions, createAgentCard } from "./agent-card.ts";
export {
  type AgentAnswer,
  AgentAnswerError,
  AgentHttpError,
  AgentRpcError,
  type AskOptions,
  askAgent,
  type RefusedAnswer,
  readAgentCard,
} from "./ask-agent.ts";
export { failedPartOf, failedPartSchema } from "./failed-part.ts";
export { type A2AHandler, type A2AMessage, createA2AHandler } from "./handler.ts";
export { type A2AOptions, type A2ARouteConfig, fastifyA2A, messageOf } from "./plugin.ts";
export {
  createTextExecutor,
  type TextAnswer,
  type TextExecutorOptions,
  type TextRequest,
} from "./text-executor.ts";
