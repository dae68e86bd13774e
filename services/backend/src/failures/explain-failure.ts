import { AAuthError } from "aauth";
import { AgentAnswerError, AgentHttpError, AgentRpcError } from "agent-kit/a2a";
import { AnswerTooLargeError } from "agent-kit/service";
import type { Failure } from "backend-api";
import { httpFailure } from "./http-failure.ts";
import { networkFailure } from "./network-failure.ts";
import { oneLine } from "./one-line.ts";
import { protocolFailure } from "./protocol-failure.ts";
import type { Situation } from "./situation.ts";

/**
 * Explains at which hop a run broke, which check refused it, and what to try. Decides by error classes and codes. Of foreign strings only
 * the descriptions of OAuth and JSON-RPC errors are passed on, shortened and on one line.
 */
export function explainFailure(error: unknown, situation: Situation): Failure {
  // Only the auth server is ever discovered or asked for tokens, whatever the last event was.
  const asked = error instanceof AAuthError && /^(discovery|token_request)_/.test(error.code);
  const network = networkFailure(error, asked ? { ...situation, peer: "auth-server" } : situation);
  if (network) return network;
  if (error instanceof AgentHttpError) return httpFailure(error, situation);
  if (error instanceof AgentRpcError) {
    return {
      hop: "supply-chain-agent",
      check: "rpc",
      code: `rpc_${error.rpcCode}`,
      message: `The supply-chain agent answered with an error: ${oneLine(error.message)}`,
      advice:
        "The request reached the agent and was authorized; the agent's log says why it could not serve it.",
    };
  }
  if (error instanceof AgentAnswerError || error instanceof AnswerTooLargeError) {
    const reason = error instanceof AgentAnswerError ? error.message : "is too large";
    return {
      hop: "supply-chain-agent",
      check: "answer",
      code: "invalid_answer",
      message: `The answer of the supply-chain agent ${reason}.`,
      advice:
        "Check that SUPPLY_CHAIN_AGENT_URL names an A2A agent that speaks the version in BACKEND_A2A_VERSION.",
    };
  }
  if (error instanceof AAuthError) return protocolFailure(error, situation);
  return {
    hop: "backend",
    check: "internal",
    code: "internal_error",
    message: "The backend could not finish the optimization.",
    advice: "The backend's log has the reason.",
  };
}
