import { AAuthAgentError, AAuthError, TokenRejectedError, TokenRequestError } from "aauth";
import { AgentAnswerError, AgentHttpError, AgentRpcError } from "aauth-a2a";
import type { MarketAnalysisFailure } from "../domain/market-analysis.ts";

const TO_AUTH_SERVER = "supply-chain-agent -> auth server";
const TO_PERSON_SERVER = "supply-chain-agent -> person server";
const TO_MARKET_ANALYSIS = "supply-chain-agent -> market-analysis-agent";

/** The next agent wants a token on behalf of a caller that has presented none (February 2026). */
export class NoUpstreamTokenError extends Error {
  override readonly name = "NoUpstreamTokenError";
  readonly code = "upstream_token_required";
  readonly section = "profile 7";
}

/**
 * Describes for the report what went wrong between this agent and the next, and at which
 * connection.
 *
 * @param options.exchanging whether the token was to be derived from the caller's (user-delegated),
 * which the demo's messages distinguish
 * @param options.timeoutMs timeout of the question
 * @param options.personServer in draft -11, identifier of the caller's person server, which errors
 * name
 */
export function describeFailure(
  error: unknown,
  {
    exchanging,
    timeoutMs,
    personServer,
  }: {
    readonly exchanging: boolean;
    readonly timeoutMs: number;
    readonly personServer?: string | undefined;
  },
): MarketAnalysisFailure {
  if (personServer !== undefined && error instanceof AAuthAgentError && error.hop === personServer) {
    // The code of an answer states a person's decision; every other refused request has a generic
    // code.
    const code = error instanceof TokenRequestError ? error.oauthError : error.code;
    const reason = DECISIONS.has(code) ? "consent required" : "token exchange failed";
    const { section, message } = error;
    return { reason, hop: TO_PERSON_SERVER, code, section, message };
  }
  if (error instanceof NoUpstreamTokenError) {
    const { code, section, message } = error;
    return { reason: "token exchange not possible", hop: TO_AUTH_SERVER, code, section, message };
  }
  if (error instanceof AAuthError) {
    const { code, message } = error;
    const reason = reasonOf(code, exchanging);
    const hop = reason === "request failed" ? TO_MARKET_ANALYSIS : TO_AUTH_SERVER;
    const section = error instanceof TokenRejectedError ? error.refusal?.section : error.section;
    return { reason, hop, code, section, message };
  }
  const failure = { reason: "request failed", hop: TO_MARKET_ANALYSIS } as const;
  if (error instanceof AgentHttpError) {
    const { status, answer } = error;
    const why = answer.refusal === undefined ? "" : ` (${answer.refusal.code})`;
    const code = `http_${status}`;
    return {
      ...failure,
      code,
      section: answer.refusal?.section,
      message: `${SENDERS[error.sender ?? "unknown"]} answered with status ${status}${why}`,
    };
  }
  // The error's message comes from the other side and is kept out of the report.
  if (error instanceof AgentRpcError)
    return { ...failure, code: `rpc_${error.rpcCode}`, message: "it answered with a JSON-RPC error" };
  if (error instanceof AgentAnswerError) {
    return { ...failure, code: error.code, message: `its answer ${error.message}` };
  }
  if (error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError")) {
    return { ...failure, code: "timeout", message: `it did not answer within ${timeoutMs / 1000} seconds` };
  }
  const systemCode = systemCodeOf(error);
  if (systemCode !== undefined && /^UND_ERR_\w+_TIMEOUT$|^ETIMEDOUT$/.test(systemCode)) {
    return { ...failure, code: "timeout", message: `it did not answer in time (${systemCode})` };
  }
  if (systemCode === "ECONNREFUSED") {
    return { ...failure, code: "connection_refused", message: "the connection was refused" };
  }
  if (systemCode !== undefined) {
    return { ...failure, code: "connection_failed", message: `it could not be reached (${systemCode})` };
  }
  return { ...failure, code: "answer_unreadable", message: "its answer could not be read" };
}

/** Ways in which a request can end at a page (draft -11, section 11.9.4). */
const DECISIONS: ReadonlySet<string> = new Set(["denied", "abandoned", "expired"]);

const SENDERS = { agent: "it", gateway: "the gateway before it", unknown: "it, or a gateway before it," };

function reasonOf(code: string, exchanging: boolean): MarketAnalysisFailure["reason"] {
  switch (code) {
    case "token_request_refused":
    case "token_request_failed":
    // the agent discovers only the auth server
    case "discovery_blocked":
    case "discovery_busy":
    case "discovery_failed":
    case "metadata_mismatch":
      return exchanging ? "token exchange failed" : "token request failed";
    case "consent_required":
      return "consent required";
    default:
      return "request failed";
  }
}

/**
 * Returns `ECONNREFUSED`, `UND_ERR_SOCKET`, … from the error, its cause (fetch), or the first of
 * several addresses.
 */
function systemCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === "string" && /^[A-Z_0-9]+$/.test(code)) return code;
  if (error instanceof AggregateError && error.errors.length > 0) return systemCodeOf(error.errors[0]);
  return systemCodeOf(error.cause);
}
