import { ConsentRequiredError } from "aauth";
import type { AgentEvent } from "aauth/agent";
import type { PendingRequests } from "service-kit";
import { networkCodeOf } from "../failures/network-failure.ts";

/** How long an auth server keeps a request for consent that it has not told the lifetime of (profile 6.1). */
const LIFETIME_SECONDS = 600;
/** Nobody was reached, so nobody keeps anything. */
const NEVER_ARRIVED: ReadonlySet<string | undefined> = new Set([
  "connection_refused",
  "name_not_found",
  "unreachable",
]);

/** One attempt, of which the auth server may keep a request for consent. */
export interface WatchedRequest {
  readonly observer: (event: AgentEvent) => void;
  /** The attempt is over, with this error or with none. What it has asked may still be under way. */
  end(error?: unknown): void;
}

/**
 * Counts an attempt as a pending request of the user: while it goes on, and afterwards as long as the auth server keeps what it has
 * asked for. In doubt it counts: whoever ends an attempt early does not end what it has begun, which is a request that others may wait
 * for, too.
 */
export function watchConsentRequest(
  requests: PendingRequests,
  userId: string,
  state: string,
): WatchedRequest {
  let isAsking = false;
  let isOver = false;
  let isKept = false;
  const settle = () => {
    if (isKept) return;
    if (!isOver) requests.note(userId, state, Number.POSITIVE_INFINITY);
    else if (isAsking) requests.note(userId, state, LIFETIME_SECONDS);
    else requests.free(userId, state);
  };
  const keep = (seconds: number) => {
    isKept = true;
    requests.note(userId, state, seconds);
  };
  settle();
  return {
    observer(event) {
      if (event.type === "consent_required") keep(event.expiresInSeconds);
      else if (event.type === "token_requested" && event.requestType === "auth") isAsking = true;
      else if (event.type === "token_received" || isRefusal(event)) isAsking = false;
      else return;
      settle();
    },
    end(error) {
      isOver = true;
      if (error instanceof ConsentRequiredError) keep(error.expiresInSeconds);
      else if (NEVER_ARRIVED.has(networkCodeOf(error))) isAsking = false;
      settle();
    },
  };
}

function isRefusal(event: AgentEvent): boolean {
  return event.type === "response_received" && event.purpose === "token" && event.status >= 400;
}
