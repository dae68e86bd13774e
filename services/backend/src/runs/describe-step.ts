import type { AgentEvent, RetryReason, ShownToken } from "aauth/agent";
import type { Delegation } from "backend-api";
import { oneLine } from "../failures/one-line.ts";
import type { Step } from "./run.ts";

/**
 * What a protocol event means to a reader of the feed. Undefined for events that are not a step of
 * their own: a signed token request is shown as the request for the token, a refusal as the
 * challenge or the failure.
 */
export function describeStep(event: AgentEvent): Step | undefined {
  switch (event.type) {
    case "request_signed": {
      // A run sends its task by POST: what is fetched is an answer to come, looked at again and
      // again.
      if (event.purpose === "token" || event.method === "GET") return undefined;
      const { method, url, scheme, coveredComponents } = event;
      const details = `${method} ${url} signed with scheme ${scheme}, covering ${coveredComponents.join(", ")}`;
      return { action: "request_signed", details, percentage: 20 };
    }
    case "challenge_received":
      // An answer to come is no challenge.
      if (event.status === ACCEPTED) return undefined;
      return { action: "challenge_received", details: challengeDetails(event), percentage: 30 };
    case "resource_token_requested":
      return undefined; // shown as the signed request
    case "resource_token_received": {
      const details = `Resource token ${event.resourceToken.tokenId}, scope ${texts(event.resourceToken).scope ?? "-"}, asked for beforehand`;
      return { action: "challenge_received", details, percentage: 30 };
    }
    case "token_requested": {
      // The person server is asked to bring the person to another party's page.
      if (event.requestType === "interaction") return undefined;
      const details = `request_type=${event.requestType} sent to ${event.url}`;
      return { action: "token_requested", details, percentage: 40, ...aboutPerson(isOfPerson(event)) };
    }
    case "consent_required": {
      const details = `${event.authServer} requires the user's consent within ${event.expiresInSeconds} s`;
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
      // The backend's own identity is proven by no token in February.
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
      // Not the page: its address has the code in it.
      const details = `${event.party} needs a person at ${event.url}`;
      return { action: "consent_required", details, percentage: 40 };
    }
    case "answer_pending":
    case "clarification_answered":
    case "session_received":
      return undefined; // what it waits for is shown where a person has to act
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

function challengeDetails(event: Extract<AgentEvent, { type: "challenge_received" }>): string {
  const { status, level, authServer, resourceToken } = event;
  // What is sent is signed: a 401 that wants a signature has not accepted it, or the token that it
  // was made with.
  if (status === 401 && level === "pseudonymous")
    return `Status ${status}: the signature or the token was not accepted`;
  if (level === "person-token") return `Status ${status}: a person token is wanted`;
  if (level !== "authorized" && level !== "auth-token")
    return `Status ${status}: the caller must be ${level}`;
  if (resourceToken === undefined) return `Status ${status}: an auth token is wanted`;
  const { scope } = texts(resourceToken);
  const of = authServer === undefined ? "" : ` of ${authServer}`;
  return `Status ${status}: an auth token${of} is wanted; resource token ${resourceToken.tokenId}, scope ${scope ?? "-"}`;
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

/** The claims that are shown; they are another party's text. */
function texts({ claims }: ShownToken) {
  const text = (value: unknown) => (typeof value === "string" ? oneLine(value) : undefined);
  const aud = Array.isArray(claims.aud) ? claims.aud.join(" ") : claims.aud;
  return { aud: text(aud), sub: text(claims.sub), scope: text(claims.scope) };
}
