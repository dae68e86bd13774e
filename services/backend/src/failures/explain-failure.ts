import { AAuthError, TokenRejectedError, TokenRequestError } from "aauth";
import { AgentAnswerError, AgentHttpError, AgentRpcError } from "aauth-a2a";
import { AnswerTooLargeError } from "agent-kit/service";
import type { Failure } from "backend-api";
import { readChallenge } from "protocol-trace";
import { endedAtPage } from "../calls/ended-at-page.ts";
import { draft11Failure, endedWaiting } from "./draft-11-failure.ts";
import { type Finding, textsFor } from "./failure-texts.ts";
import { networkCodeOf } from "./network-code.ts";
import { oneLine } from "./one-line.ts";
import type { Situation } from "./situation.ts";
import { storeErrorOf } from "./store-error.ts";

/** Codes for an auth server that could not be reached or gave no usable response. */
const AUTH_SERVER_UNUSABLE: ReadonlySet<string> = new Set([
  "token_request_failed",
  "discovery_failed",
  "discovery_blocked",
  "discovery_busy",
  "metadata_mismatch",
  "unknown_key",
]);

/**
 * Explains at which hop a run failed, which check refused it, and what to try. Decides by error
 * classes and codes. The only foreign strings it passes on, shortened to one line, are descriptions
 * of OAuth and JSON-RPC errors and of rejected tokens.
 */
export function explainFailure(error: unknown, situation: Situation): Failure {
  const away = storeErrorOf(error);
  // hole V25a
  if (away !== undefined) {
    const own = { hop: "backend", check: "internal", code: away.code } as const;
    return { ...own, ...textsFor(own, situation) };
  }
  const { hops } = situation.places;
  if (hops !== undefined && error instanceof AAuthError && !(error instanceof TokenRejectedError)) {
    const asked = situation.peer === "auth-server" ? "person-server" : "supply-chain-agent";
    return draft11Failure(error, { hops, asked, page: situation.page });
  }
  const isAtAgent = hops !== undefined && situation.page === situation.places.agentUrl;
  const ended = isAtAgent && error instanceof AgentHttpError ? endedWaiting(error) : undefined;
  if (ended !== undefined) return ended;
  const finding = findingOf(error, situation);
  const { hop, check, code } = finding;
  return { hop, check, code, ...textsFor(finding, situation) };
}

function findingOf(error: unknown, { peer }: Situation): Finding {
  const network = networkCodeOf(error);
  if (network !== undefined) {
    // Only the auth server is discovered or asked for tokens, so these codes identify it regardless
    // of the last event.
    const asked = error instanceof AAuthError && /^(discovery|token_request)_/.test(error.code);
    const atAuthServer = asked || peer === "auth-server";
    const isSlow = network === "timeout";
    // A running gateway answers for an agent that is down.
    const hop = atAuthServer ? "auth-server" : isSlow ? "supply-chain-agent" : "gateway";
    const check = isSlow || network === "connect_timeout" ? "timeout" : "connection";
    // The token client's message states how long it waited.
    const detail = error instanceof AAuthError && error.code === "token_request_failed" ? error.message : "";
    return { hop, check, code: network, ...(isSlow && detail && { detail: oneLine(detail) }) };
  }
  if (error instanceof AgentHttpError) return httpFinding(error);
  if (error instanceof AgentRpcError) {
    const code = `rpc_${error.rpcCode}`;
    return { hop: "supply-chain-agent", check: "rpc", code, detail: oneLine(error.message) };
  }
  if (error instanceof AgentAnswerError || error instanceof AnswerTooLargeError) {
    const detail = error instanceof AgentAnswerError ? error.message : "is too large";
    return { hop: "supply-chain-agent", check: "answer", code: "invalid_answer", detail };
  }
  if (error instanceof AAuthError) return protocolFinding(error, peer);
  return { hop: "backend", check: "internal", code: "internal_error" };
}

/**
 * Finding for an HTTP status. An answer that does not name its sender is the gateway's own, except
 * for a 401, which comes from an agent of the published demo or from a gateway that verifies
 * signatures in another way.
 */
function httpFinding({ status, answer, sender }: AgentHttpError): Finding {
  const { challenge, refusal, gatewayFailed } = answer;
  const isUnmarked = sender === undefined && status === 401;
  const hop = sender === "agent" || isUnmarked ? "supply-chain-agent" : "gateway";
  const code = `http_${status}`;
  if (gatewayFailed) return { hop: "gateway", check: "connection", code };
  switch (status) {
    case 401: {
      if (isUnmarked) return { hop, check: "signature", code, isSenderUnknown: true };
      // Already parsed by the agent: a malformed challenge fails the call with another error.
      const demand = challenge === undefined ? undefined : readChallenge({ "agent-auth": challenge });
      if (demand?.level === "identified") return { hop, check: "identity", code };
      if (demand?.userInteraction !== undefined) {
        const detail = "it requires a user interaction on its own page";
        return { hop, check: "challenge", code: "user_interaction", detail };
      }
      const { missing } = refusal ?? {};
      return {
        hop,
        check: "signature",
        code: refusal?.code ?? code,
        ...(missing && { detail: oneLine(missing) }),
      };
    }
    case 403:
      return { hop, check: "policy", code: refusal?.code ?? code };
    case 404:
    case 421:
      return { hop: "gateway", check: "policy", code };
    case 429:
      return { hop, check: "policy", code };
    case 504:
      return { hop: "supply-chain-agent", check: "timeout", code };
    case 502:
    case 503:
      // A verifier's answer when it has no capacity for the request.
      if (refusal !== undefined) return { hop, check: "policy", code };
      return { hop: "supply-chain-agent", check: "connection", code };
    default: {
      const detail = `has status ${status}`;
      return { hop: "supply-chain-agent", check: "answer", code, detail };
    }
  }
}

/** Finding for a failure between challenge and auth token. */
function protocolFinding(error: AAuthError, peer: Situation["peer"]): Finding {
  const { code } = error;
  const detail = oneLine(error.message);
  if (endedAtPage(error) !== undefined)
    return { hop: "auth-server", check: "consent", code: "consent_repeated" };
  if (error instanceof TokenRequestError) {
    const { oauthError, description } = error;
    const reason = `${oauthError}: ${oneLine(description)}`;
    return { hop: "auth-server", check: "token_request", code: oauthError, detail: reason };
  }
  if (error instanceof TokenRejectedError) {
    const hop = error.refusal?.by === "gateway" ? "gateway" : "supply-chain-agent";
    return { hop, check: "signature", code, detail: oneLine(error.description) };
  }
  if (AUTH_SERVER_UNUSABLE.has(code)) return { hop: "auth-server", check: "connection", code, detail };
  if (code === "identity_required") return { hop: "supply-chain-agent", check: "identity", code };
  return peer === "auth-server" && !/^(malformed_challenge|challenge_)/.test(code)
    ? { hop: "auth-server", check: "token_request", code, detail }
    : { hop: "supply-chain-agent", check: "challenge", code, detail };
}
