import type { Attributes, Span } from "@opentelemetry/api";
import type { AgentEvent, ShownToken } from "aauth/agent";
import { EVENT, EVENT_ATTRIBUTE } from "./attribute-names.ts";
import { kindOf, tokenJson } from "./traced-token.ts";

/** Writes what an agent does between two requests onto the span around them. */
export function addAgentEvent(span: Span | undefined, event: AgentEvent): void {
  if (span?.isRecording() !== true) return;
  for (const [name, attributes] of spanEvents(event)) span.addEvent(name, attributes);
}

/** The names of an exchange are the published walk-through's; all token requests stand under one name as well. */
function spanEvents(event: AgentEvent): readonly (readonly [string, Attributes])[] {
  switch (event.type) {
    case "request_signed":
    case "response_received":
      return []; // the request has a span of its own
    case "challenge_received": {
      const { resourceToken, authServer } = event;
      // The token itself is on the response's span.
      const facts = {
        [EVENT_ATTRIBUTE.tokenId]: resourceToken?.tokenId,
        [EVENT_ATTRIBUTE.authServer]: authServer,
      };
      return resourceToken === undefined ? [] : [[EVENT.resourceTokenExtracted, facts]];
    }
    case "resource_token_requested": {
      const { resource, scope } = event;
      const facts = { [EVENT_ATTRIBUTE.resource]: resource, [EVENT_ATTRIBUTE.scope]: scope };
      return [[EVENT.resourceTokenRequested, facts]];
    }
    case "resource_token_received": {
      const facts = {
        [EVENT_ATTRIBUTE.resource]: event.resource,
        [EVENT_ATTRIBUTE.authServer]: event.authServer,
        [EVENT_ATTRIBUTE.resourceToken]: shownTokenJson(event.resourceToken),
      };
      return [[EVENT.resourceTokenReceived, facts]];
    }
    case "token_requested": {
      const to = { [EVENT_ATTRIBUTE.authServer]: event.authServer };
      const facts = { [EVENT_ATTRIBUTE.requestType]: event.requestType, ...to };
      const asked = [EVENT.tokenRequested, facts] as const;
      return event.requestType === "exchange" ? [[EVENT.exchangeStarted, to], asked] : [asked];
    }
    case "token_received": {
      const lifetime = { [EVENT_ATTRIBUTE.expiresIn]: event.expiresInSeconds };
      const facts = {
        [EVENT_ATTRIBUTE.requestType]: event.requestType,
        [EVENT_ATTRIBUTE.kind]: kindOf(event.token.header),
        [EVENT_ATTRIBUTE.token]: shownTokenJson(event.token),
        ...lifetime,
      };
      const received = [EVENT.tokenReceived, facts] as const;
      return event.requestType === "exchange" ? [[EVENT.exchangeSucceeded, lifetime], received] : [received];
    }
    case "token_cache_hit": {
      const facts = {
        [EVENT_ATTRIBUTE.tokenId]: event.tokenId,
        [EVENT_ATTRIBUTE.authServer]: event.authServer,
        [EVENT_ATTRIBUTE.resource]: event.resource,
      };
      return [[EVENT.tokenCacheHit, facts]];
    }
    case "consent_required": {
      const facts = {
        [EVENT_ATTRIBUTE.authServer]: event.authServer,
        [EVENT_ATTRIBUTE.expiresIn]: event.expiresInSeconds,
      };
      return [[EVENT.consentRequired, facts]];
    }
    case "request_retried": {
      const { reason, scheme } = event;
      const facts = { [EVENT_ATTRIBUTE.reason]: reason, [EVENT_ATTRIBUTE.scheme]: scheme };
      return [[reason === "authorization" ? EVENT.retriedWithAuthToken : EVENT.requestRetried, facts]];
    }
  }
}

/** Without `token`, which is there where whole tokens are wanted in the log: a trace never has them. */
function shownTokenJson({ tokenId: id, header, claims }: ShownToken): string {
  return tokenJson({ kind: kindOf(header), id, header: { ...header }, claims });
}
