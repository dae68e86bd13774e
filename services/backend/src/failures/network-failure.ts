import type { Failure } from "backend-api";
import type { Situation } from "./situation.ts";

const MAX_CAUSES = 5;

const CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection_refused",
  ENOTFOUND: "name_not_found",
  EAI_AGAIN: "name_not_found",
  ECONNRESET: "connection_broken",
  EPIPE: "connection_broken",
  UND_ERR_SOCKET: "connection_broken",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
};

/** `timeout`, `connection_refused`, …; undefined when the error does not come from the network. */
export function networkCodeOf(error: unknown): string | undefined {
  const codes = causesOf(error).map(({ name, code }) => {
    if (name === "TimeoutError" || name === "AbortError") return "timeout";
    return /^(UND_ERR_\w+_TIMEOUT|ETIMEDOUT)$/.test(code) ? "timeout" : CODES[code];
  });
  return codes.includes("timeout") ? "timeout" : codes.find((code) => code !== undefined);
}

/** Explains an error of the network. Undefined when the error does not come from there. */
export function networkFailure(error: unknown, situation: Situation): Failure | undefined {
  const code = networkCodeOf(error);
  if (code === undefined) return undefined;
  const { peer, places, timeoutSeconds } = situation;
  const what = code === "connection_refused" ? "Nothing listens" : "No connection could be made";
  if (peer === "auth-server") {
    return code === "timeout"
      ? {
          hop: "auth-server",
          check: "timeout",
          code,
          message: `The auth server at ${places.issuer} did not answer in time.`,
          advice: "Look at the auth server's log, then start again.",
        }
      : {
          hop: "auth-server",
          check: "connection",
          code,
          message: `${what} at the auth server's address, ${places.issuer}.`,
          advice: "Start the auth server, or set KEYCLOAK_URL to where it listens.",
        };
  }
  return code === "timeout"
    ? {
        hop: "supply-chain-agent",
        check: "timeout",
        code,
        message: `The supply-chain agent, or the gateway before it, did not answer within ${timeoutSeconds} seconds.`,
        advice:
          "Look at the logs of gateway and agent; SUPPLY_CHAIN_AGENT_TIMEOUT_SECONDS sets how long to wait.",
      }
    : {
        hop: "gateway",
        check: "connection",
        code,
        message: `${what} at ${places.agentUrl}.`,
        advice: "Start the gateway, or set SUPPLY_CHAIN_AGENT_URL to where it listens.",
      };
}

/** Node and undici bury the system's code in causes, and in the members of an AggregateError. */
function causesOf(error: unknown): { name: string; code: string }[] {
  const causes: { name: string; code: string }[] = [];
  let at = error;
  while (at instanceof Error && causes.length <= MAX_CAUSES) {
    causes.push({ name: at.name, code: "code" in at ? String(at.code) : "" });
    at = at instanceof AggregateError ? at.errors[0] : at.cause;
  }
  return causes;
}
