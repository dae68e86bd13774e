import type { AgentEvent } from "aauth/agent";
import { PARENT_REQUESTS } from "agent-kit/protocol-log";
import type { DelegateRun } from "backend-api";

/** A step of the protocol as the page shows it, in draft -11. Undefined for events that another step includes. */
export function describeDraft11Event(event: AgentEvent): DelegateRun["steps"][number] | undefined {
  switch (event.type) {
    case "request_signed":
      if (event.purpose !== "resource") return undefined;
      return { action: event.type, details: `${event.method} ${event.url}, with token ${event.tokenId}` };
    case "challenge_received": {
      const article = event.level === "person-token" ? "a" : "an";
      return {
        action: event.type,
        details: `Status ${event.status}: the caller must show ${article} ${event.level}`,
      };
    }
    case "token_requested":
      return { action: actionOf(event), details: `Sent to the parent at ${event.authServer}` };
    case "token_received": {
      const { tokenId, claims } = event.token;
      const scope = claims.scope === undefined ? "" : `, scope ${claims.scope}`;
      return { action: actionOf(event), details: `${tokenId} of ${claims.iss} for ${claims.aud}${scope}` };
    }
    case "token_cache_hit":
      // Of a person token, too.
      return { action: "token_held", details: `${event.tokenId}, from the call before` };
    case "response_received":
      if (event.purpose !== "resource" || event.status >= 300) return undefined;
      return { action: event.type, details: `Status ${event.status}` };
    default:
      return undefined;
  }
}

function actionOf({
  type,
  requestType,
}: Extract<AgentEvent, { type: "token_requested" | "token_received" }>): string {
  return requestType === PARENT_REQUESTS.person ? `person_${type}` : type;
}
