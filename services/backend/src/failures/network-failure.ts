import type { Failure } from "backend-api";
import type { Situation } from "./situation.ts";

const MAX_CAUSES = 5;

/** `timeout`, `connection_refused`, …; undefined when the error is about something else than the network. */
export function networkCodeOf(error: unknown): string | undefined {
  return isTimeout(error) ? "timeout" : networkCode(error);
}

/** Explains an error of the network, or returns undefined when the error is about something else. */
export function networkFailure(error: unknown, situation: Situation): Failure | undefined {
  if (isTimeout(error)) return timeout(situation);
  const code = networkCode(error);
  return code === undefined ? undefined : unreachable(code, situation);
}

function timeout({ peer, places, timeoutSeconds }: Situation): Failure {
  return peer === "auth-server"
    ? {
        hop: "auth-server",
        check: "timeout",
        code: "timeout",
        message: `The auth server at ${places.issuer} did not answer in time.`,
        advice: "Look at the auth server's log, then start again.",
      }
    : {
        hop: "supply-chain-agent",
        check: "timeout",
        code: "timeout",
        message: `The supply-chain agent, or the gateway before it, did not answer within ${timeoutSeconds} seconds.`,
        advice:
          "Look at the logs of gateway and agent; SUPPLY_CHAIN_AGENT_TIMEOUT_SECONDS sets how long to wait.",
      };
}

function unreachable(code: string, { peer, places }: Situation): Failure {
  const what = code === "connection_refused" ? "Nobody listens" : "No connection could be made";
  return peer === "auth-server"
    ? {
        hop: "auth-server",
        check: "connection",
        code,
        message: `${what} at the auth server's address, ${places.issuer}.`,
        advice: "Start the auth server, or set KEYCLOAK_URL to where it listens.",
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
function networkCode(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > MAX_CAUSES) return undefined;
  const code = "code" in error ? error.code : undefined;
  if (code === "ECONNREFUSED") return "connection_refused";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "name_not_found";
  if (code === "ECONNRESET" || code === "EPIPE" || code === "UND_ERR_SOCKET") return "connection_broken";
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") return "unreachable";
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  return networkCode(inner, depth + 1);
}

function isTimeout(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > MAX_CAUSES) return false;
  const code = "code" in error ? error.code : undefined;
  if (error.name === "TimeoutError" || error.name === "AbortError") return true;
  if (typeof code === "string" && /^(UND_ERR_\w+_TIMEOUT|ETIMEDOUT)$/.test(code)) return true;
  return isTimeout(error.cause, depth + 1);
}
