import type { AgentEvent } from "aauth/agent";
import { PARENT_REQUESTS } from "agent-kit/protocol-log";
import type { DelegateRun } from "backend-api";

/** A step of the protocol as the page shows it, in draft -11. Undefined for events that another step includes. */
export function describeDraft11Event(event: AgentEvent): DelegateRun["steps"][number] | undefined {
  switch (event.type) {
    case "request_signed":
      if (event.purpose !== "resource") return undefined;
      return { action: event.type, details: `${event.method} ${event.url}, with token ${event.tokenId}` };
    case "challenge_received":
      return { action: event.type, details: `Status ${event.status}: ${wanted(event.level)}` };
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

/** Beside a token it can be a person who has to act. */
function wanted(level: string): string {
  if (!level.endsWith("-token")) return level;
  return `the caller must show ${level === "person-token" ? "a" : "an"} ${level}`;
}

function actionOf({
  type,
  requestType,
}: Extract<AgentEvent, { type: "token_requested" | "token_received" }>): string {
  return requestType === PARENT_REQUESTS.person ? `person_${type}` : type;
}
