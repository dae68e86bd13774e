import { parseAgentAuth } from "aauth/wire";
import type { AgentHttpError } from "agent-kit/a2a";
import type { Failure } from "backend-api";
import type { Situation } from "./situation.ts";

/**
 * Explains an HTTP status. Gateway and agent share one address: the refusal names the party; without one, only an agent challenges.
 */
export function httpFailure({ status, answer }: AgentHttpError, { places }: Situation): Failure {
  const { challenge, refusal, gatewayFailed } = answer;
  const code = `http_${status}`;
  const fromGateway = refusal === undefined ? challenge === undefined : refusal.by === "gateway";
  const hop = fromGateway ? "gateway" : "supply-chain-agent";
  const party = fromGateway ? "The gateway" : "The supply-chain agent";
  const tooMany: Failure = {
    hop,
    check: "policy",
    code,
    message: `${party} gets too many requests at the moment.`,
    advice: "Wait a little and start again.",
  };
  if (gatewayFailed) {
    return {
      hop: "gateway",
      check: "connection",
      code,
      message: "The gateway cannot reach its authorization service.",
      advice: "Start gateway-authz, or set AAUTH_AUTHZ_HOST of the gateway to where it listens.",
    };
  }
  switch (status) {
    case 401: {
      // The agent has parsed it before: a malformed one has failed the call with another error.
      const demand = challenge === undefined ? undefined : parseAgentAuth(challenge);
      if (demand?.level === "identified") {
        return {
          hop,
          check: "identity",
          code,
          message: `${party} demands the identity of its caller; a signature by key alone is not enough.`,
          advice:
            "Start the backend with AAUTH_SIGNATURE_SCHEME=jwks, or lower requiredScheme on the gateway's route.",
        };
      }
      if (demand?.userInteraction !== undefined) {
        return {
          hop,
          check: "challenge",
          code: "user_interaction",
          message: `${party} requires a user interaction on its own page, which the backend does not support.`,
          advice: "Configure the agent to ask for an auth token instead.",
        };
      }
      return {
        hop,
        check: "signature",
        code: refusal?.code ?? code,
        message: `${party} did not accept the request's signature.`,
        advice: `Check that ${places.backendUrl}/.well-known/aauth-agent can be reached from there and that both clocks agree. A new key is looked for once per 10 s: after two restarts in a row, start again in a moment.`,
      };
    }
    case 403:
      return {
        hop,
        check: "policy",
        code: refusal?.code ?? code,
        message: `${party} knows the backend and does not allow this request.`,
        advice: adviceFor403(refusal?.code, fromGateway),
      };
    case 404:
    case 421:
      return {
        hop: "gateway",
        check: "policy",
        code,
        message: `The gateway serves nothing at ${places.agentUrl}.`,
        advice: "Compare the host in SUPPLY_CHAIN_AGENT_URL with the hostnames of the gateway's routes.",
      };
    case 429:
      return tooMany;
    case 504:
      return {
        hop: "supply-chain-agent",
        check: "timeout",
        code,
        message: "The supply-chain agent did not answer the gateway in time.",
        advice: "Look at the supply-chain agent's log; it may wait for the market-analysis agent.",
      };
    case 502:
    case 503:
      // A verifier answers so when it has no room for the request. A gateway without an authorization service names no refusal.
      if (refusal !== undefined) return tooMany;
      return {
        hop: "supply-chain-agent",
        check: "connection",
        code,
        message: "The gateway cannot reach the supply-chain agent.",
        advice:
          "Start the supply-chain agent, or set SUPPLY_CHAIN_AGENT_ADDR of the gateway to where it listens. Agentgateway answers in the same way while gateway-authz is down.",
      };
    default:
      return {
        hop: "supply-chain-agent",
        check: "answer",
        code,
        message: `The request to the supply-chain agent was answered with status ${status}.`,
        advice: "Look at the logs of gateway and supply-chain agent.",
      };
  }
}

function adviceFor403(code: string | undefined, fromGateway: boolean): string {
  if (fromGateway)
    return "Compare the authorization rules of the gateway's route with the agent and scope in the request.";
  if (code === "untrusted_agent") {
    return "Add the backend's identity, BACKEND_AGENT_URL, to SUPPLY_CHAIN_TRUSTED_AGENTS of the agent.";
  }
  return code === "user_required"
    ? "Let the auth server ask the user: make the agent's scopes need consent (`npm run consent`)."
    : "The auth token lacks a scope that the agent demands; see the agent's configuration.";
}
