import type { AgentEvent } from "aauth/agent";
import type { DelegateRun } from "backend-api";

/** A step of the protocol as the page shows it. Undefined for events that another step includes. */
export function describeEvent(event: AgentEvent): DelegateRun["steps"][number] | undefined {
  switch (event.type) {
    case "request_signed": {
      if (event.purpose !== "resource") return undefined;
      const token = event.attempt === 1 && event.tokenId !== undefined ? ", with the agent token" : "";
      return { action: event.type, details: `${event.method} ${event.url}, scheme ${event.scheme}${token}` };
    }
    case "challenge_received":
      return { action: event.type, details: `Status ${event.status}: ${wanted(event)}` };
    case "token_requested":
      return { action: event.type, details: `request_type=${event.requestType} sent to ${event.authServer}` };
    case "token_received": {
      const { agent, agent_delegate, scope } = event.token.claims;
      return {
        action: event.type,
        details: `Auth token ${event.token.tokenId}: agent ${agent}, ${named("agent_delegate", agent_delegate)}, ${named("scope", scope)}`,
      };
    }
    case "token_cache_hit":
      return { action: event.type, details: `Auth token ${event.tokenId}, held from the call before` };
    case "response_received":
      if (event.purpose !== "resource" || event.status >= 300) return undefined;
      return { action: event.type, details: `Status ${event.status}` };
    default:
      return undefined;
  }
}

/** The published extension leaves `agent_delegate` out. */
const named = (claim: string, value: unknown) =>
  value === undefined ? `no ${claim}` : `${claim} ${String(value)}`;

/** What is sent is signed: a 401 that wants a signature has not accepted it, or the token that it was made with. */
function wanted({ status, level }: Extract<AgentEvent, { type: "challenge_received" }>): string {
  return status === 401 && level === "pseudonymous"
    ? "the signature or the token was not accepted"
    : `the caller must be ${level}`;
}
