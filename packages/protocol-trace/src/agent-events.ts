import type { Attributes, Span } from "@opentelemetry/api";
import type { AAuthEvent } from "aauth";
import type { ShownToken } from "aauth/agent";
import { EVENT } from "aauth-explain/trace-names";
import { kindOf, tokenJson } from "./traced-token.ts";

/** Attribute of each event member that is written unchanged. */
const FACTS = {
  server: "auth_server",
  expiresInSeconds: "expires_in",
  reason: "reason",
  requestType: "request_type",
  resource: "resource",
  scheme: "scheme",
  scope: "scope",
  tokenId: "token_id",
};

/**
 * Records an agent's events between two requests on the enclosing span. An exchange has the
 * published walk-through's event names in addition to those of all token requests.
 */
export function addAgentEvent(span: Span | undefined, event: AAuthEvent): void {
  if (span?.isRecording() !== true) return;
  const add = (name: string, more?: Attributes) => span.addEvent(name, { ...factsOf(event), ...more });
  switch (event.type) {
    case "request_signed":
    case "response_received":
      return; // the request has its own span
    case "challenge_received": {
      // The token itself is on the response's span.
      const { resourceToken } = event;
      if (resourceToken) add(EVENT.resourceTokenExtracted, { token_id: resourceToken.tokenId });
      return;
    }
    case "resource_token_requested":
      add(EVENT.resourceTokenRequested);
      return;
    case "resource_token_received":
      add(EVENT.resourceTokenReceived, { resource_token: shownTokenJson(event.resourceToken) });
      return;
    case "token_requested":
      if (event.requestType === "exchange") add(EVENT.exchangeStarted);
      add(EVENT.tokenRequested);
      return;
    case "token_received":
      if (event.requestType === "exchange") add(EVENT.exchangeSucceeded);
      add(EVENT.tokenReceived, { kind: kindOf(event.token.header), token: shownTokenJson(event.token) });
      return;
    case "token_cache_hit":
      add(EVENT.tokenCacheHit);
      return;
    case "consent_required":
      add(EVENT.consentRequired);
      return;
    case "answer_pending":
      add(EVENT.answerPending, { party: event.party, requirement: event.requirement });
      return;
    case "interaction_required":
      // Omits the page and its code.
      add(EVENT.interactionRequired, { party: event.party, is_relayed: event.isRelayed });
      return;
    case "clarification_answered":
      add(EVENT.clarificationAnswered, { party: event.party, action: event.action });
      return;
    case "session_received":
      return;
    case "request_retried":
      add(event.reason === "authorization" ? EVENT.retriedWithAuthToken : EVENT.requestRetried);
  }
}

function factsOf(event: object): Attributes {
  const members = event as Readonly<Record<string, string | number | undefined>>;
  return Object.fromEntries(Object.entries(FACTS).map(([member, name]) => [name, members[member]]));
}

/** Omits `token`, which is set if the log shows whole tokens: traces never do. */
function shownTokenJson({ tokenId: id, header, claims }: ShownToken): string {
  return tokenJson({ kind: kindOf(header), id, header: { ...header }, claims });
}
