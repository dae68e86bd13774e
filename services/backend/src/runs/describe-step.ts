import type { AAuthEvent } from "aauth";
import type { RetryReason, ShownToken } from "aauth/agent";
import type { Delegation } from "backend-api";
import { oneLine } from "../failures/one-line.ts";
import type { Step } from "./run.ts";

/**
 * Describes a protocol event for the feed. Undefined for events that other steps cover: the token
 * request covers its signing, and the challenge or the failure covers a refusal.
 */
export function describeStep(event: AAuthEvent): Step | undefined {
  switch (event.type) {
    case "request_signed": {
      // A run sends its task by POST; every GET is a poll.
      if (event.purpose === "token" || event.method === "GET") return undefined;
      const { method, url, scheme, coveredComponents } = event;
      const details = `${method} ${url} signed with scheme ${scheme}, covering ${coveredComponents.join(", ")}`;
      return { action: "request_signed", details, percentage: 20 };
    }
    case "challenge_received":
      // A deferred response is not a challenge.
      if (event.status === ACCEPTED) return undefined;
      return { action: "challenge_received", details: challengeDetails(event), percentage: 30 };
    case "resource_token_requested":
      return undefined; // shown as the signed request
    case "resource_token_received": {
      const details = `Resource token ${event.resourceToken.tokenId}, scope ${texts(event.resourceToken).scope ?? "-"}, asked for beforehand`;
      return { action: "challenge_received", details, percentage: 30 };
    }
    case "token_requested": {
      // A request that the person server take the person to another party's page.
      if (event.requestType === "interaction") return undefined;
      const details = `request_type=${event.requestType} sent to ${event.url}`;
      return { action: "token_requested", details, percentage: 40, ...aboutPerson(isOfPerson(event)) };
    }
    case "consent_required": {
      const details = `${event.server} requires the user's consent within ${event.expiresInSeconds} s`;
      return { action: "consent_required", details, percentage: 40 };
    }
    case "token_received": {
      const { token, expiresInSeconds } = event;
      const { aud, sub, scope } = texts(token);
      const user = sub === undefined ? "" : `, user ${sub}`;
      const isPerson = isOfPerson(event);
      return {
        action: "token_received",
        details: `${isPerson ? "Person" : "Auth"} token ${token.tokenId} for ${aud ?? "-"}, scope ${scope ?? "-"}${user}, valid for ${expiresInSeconds} s`,
        percentage: 60,
        delegation: delegationOf(token),
        ...aboutPerson(isPerson),
      };
    }
    case "token_cache_hit": {
      const details = `Auth token ${event.tokenId} for ${event.resource} is cached and sent with the request`;
      return { action: "token_received", details, percentage: 60 };
    }
    case "request_retried": {
      const { method, url, reason, scheme } = event;
      // In the published profile no token proves the backend's own identity.
      const isPerson = reason === "identity" && scheme === "jwt";
      const details = `${method} ${url} repeated ${isPerson ? "with the person token" : REPEATED[reason]}`;
      return { action: "request_retried", details, percentage: 70, ...aboutPerson(isPerson) };
    }
    case "response_received": {
      const { purpose, status, url } = event;
      if (purpose === "token" || status < 200 || status > 299 || status === ACCEPTED) return undefined;
      return {
        action: "response_received",
        details: `${url} answered with status ${status}`,
        percentage: 90,
      };
    }
    case "interaction_required": {
      // The page's URL is omitted because it contains the code.
      const details = `${event.party} needs a person at ${event.url}`;
      return { action: "consent_required", details, percentage: 40 };
    }
    default:
      return undefined; // the demand for the person covers a wait
  }
}

const isOfPerson = ({ requestType }: { requestType: string }) => requestType === "person-token";
const aboutPerson = (isPersonToken: boolean) => (isPersonToken ? { isPersonToken } : {});

/** The answer comes later (draft -11, section 11.8). */
const ACCEPTED = 202;

const REPEATED: Readonly<Record<RetryReason, string>> = {
  identity: "with the backend's identity",
  authorization: "with the auth token",
  token_refused: "without the auth token, which was refused",
};

function challengeDetails(event: Extract<AAuthEvent, { type: "challenge_received" }>): string {
  const { status, level, server: authServer, resourceToken } = event;
  // Every request is signed, so a 401 that requires a signature has rejected the signature or its
  // token.
  if (status === 401 && level === "pseudonymous")
    return `Status ${status}: the signature or the token was not accepted`;
  if (level === "person-token") return `Status ${status}: a person token is required`;
  if (level !== "authorized" && level !== "auth-token")
    return `Status ${status}: the caller must be ${level}`;
  if (resourceToken === undefined) return `Status ${status}: an auth token is required`;
  const { scope } = texts(resourceToken);
  const of = authServer === undefined ? "" : ` from ${authServer}`;
  return `Status ${status}: an auth token${of} is required; resource token ${resourceToken.tokenId}, scope ${scope ?? "-"}`;
}

function delegationOf(token: ShownToken): Partial<Delegation> {
  const { sub, aud, scope } = texts(token);
  return {
    ...(sub !== undefined && { sub }),
    ...(aud !== undefined && { aud }),
    ...(scope !== undefined && { scope }),
    act: token.claims.act ?? null,
  };
}

/** Displayed claims, which are another party's text. */
function texts({ claims }: ShownToken) {
  const text = (value: unknown) => (typeof value === "string" ? oneLine(value) : undefined);
  const aud = Array.isArray(claims.aud) ? claims.aud.join(" ") : claims.aud;
  return { aud: text(aud), sub: text(claims.sub), scope: text(claims.scope) };
}
