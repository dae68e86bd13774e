/**
 * A2A agents whose callers are proven by AAuth: JSON-RPC in its 0.3 and 1.0 form, the agent card,
 * the extended card, and the call of another agent. `aauth-a2a/fastify` is the same on Fastify.
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
export {
  type A2AContext,
  type A2AHandler,
  type A2AHandlerOptions,
  type A2AMessage,
  CALLER,
  callerOf,
  createA2AHandler,
} from "./handler.ts";
export { JsonRpcError, type JsonRpcErrorKind } from "./json-rpc.ts";
export { type A2AServerOptions, createA2AServer } from "./server.ts";
export {
  createTextExecutor,
  type TextAnswer,
  type TextExecutorOptions,
  type TextRequest,
} from "./text-executor.ts";
