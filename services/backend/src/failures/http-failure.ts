import { ERROR_CODES } from "aauth";
import type { Failure } from "backend-api";
import type { AgentHttpError } from "../clients/agent-errors.ts";
import type { Situation } from "./situation.ts";

/**
 * What our resources say where nothing would help, so that there is no challenge beside it: the requests are used up, the agent is not
 * welcome, its token names no user.
 */
const WITHOUT_CHALLENGE: ReadonlySet<string> = new Set([
  "Too many requests for this level",
  "untrusted_agent",
  "user_required",
]);

/** Explains an HTTP status. Gateway and agent share one address, so the form of the refusal tells them apart. */
export function httpFailure({ status, challenge, body }: AgentHttpError, { places }: Situation): Failure {
  const code = `http_${status}`;
  const fromGateway =
    (challenge === null && !WITHOUT_CHALLENGE.has(body)) || body === "" || body.startsWith("AAuth failure");
  const hop = fromGateway ? "gateway" : "supply-chain-agent";
  const who = fromGateway ? "The gateway" : "The supply-chain agent";
  if (body.startsWith("external authorization failed")) return gatewayFailure(code, body);
  switch (status) {
    case 401:
      if (challenge?.includes("identity")) {
        return {
          hop,
          check: "identity",
          code,
          message: `${who} wants to know who is calling; a signature by key alone is not enough.`,
          advice:
            "Start the backend with AAUTH_SIGNATURE_SCHEME=jwks, or lower requiredScheme on the gateway's route.",
        };
      }
      if (challenge?.includes("user_interaction")) {
        return {
          hop,
          check: "challenge",
          code: "user_interaction",
          message: `${who} wants the user to act on a page of its own, which the backend does not support.`,
          advice: "Configure the agent to ask for an auth token instead.",
        };
      }
      return {
        hop,
        check: "signature",
        code: refusalCode(body) ?? code,
        message: `${who} did not accept the request's signature.`,
        advice: `Check that ${places.backendUrl}/.well-known/aauth-agent can be reached from there and that both clocks agree. A new key is looked for once per 10 s: after two restarts in a row, start again in a moment.`,
      };
    case 403:
      return {
        hop,
        check: "policy",
        code: refusalCode(body) ?? code,
        message: `${who} knows the backend and does not allow this request.`,
        advice: adviceFor403(body, fromGateway),
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
      return {
        hop,
        check: "policy",
        code,
        message: `${who} gets too many requests at the moment.`,
        advice: "Wait a little and start again.",
      };
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
      return gatewayFailure(code, body);
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

function adviceFor403(body: string, fromGateway: boolean): string {
  if (fromGateway)
    return "Compare the authorization rules of the gateway's route with the agent and scope in the request.";
  if (body === "untrusted_agent") {
    return "Add the backend's identity, BACKEND_AGENT_URL, to SUPPLY_CHAIN_TRUSTED_AGENTS of the agent.";
  }
  return body === "user_required"
    ? "Let the auth server ask the user: make the agent's scopes need consent (`npm run consent`)."
    : "The auth token lacks a scope that the agent demands; see the agent's configuration.";
}

/** 503 is the gateway's word for two things: the agent behind it is down, or its own authorization service is. */
function gatewayFailure(code: string, body: string): Failure {
  if (/^(upstream call|processing) failed/.test(body)) {
    return {
      hop: "supply-chain-agent",
      check: "connection",
      code,
      message: "The gateway cannot reach the supply-chain agent.",
      advice:
        "Start the supply-chain agent, or set SUPPLY_CHAIN_AGENT_ADDR of the gateway to where it listens.",
    };
  }
  return {
    hop: "gateway",
    check: "connection",
    code,
    message: "The gateway cannot reach its authorization service.",
    advice: "Start gateway-authz, or set AAUTH_AUTHZ_HOST of the gateway to where it listens.",
  };
}

/** Our resources end a refusal with the error's code, our gateway's check has a sentence after it; of a foreign body nothing is shown. */
function refusalCode(body: string): string | undefined {
  const [, ofCheck, atEnd] =
    /^AAuth failure: AAuth verification failed: ([a-z_]{1,40}):|(?:^|: )([a-z_]{1,40})$/.exec(body) ?? [];
  const word = ofCheck ?? atEnd;
  return word !== undefined && Object.hasOwn(ERROR_CODES, word) ? word : undefined;
}
