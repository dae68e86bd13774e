import { ConsentRequiredError, QuotaStore } from "aauth";
import type { AgentEvent } from "aauth/agent";
import { goesOn as hasAnswer } from "agent-kit/draft-11";
import { networkCodeOf } from "../failures/network-code.ts";
import { MAX_OPEN_PER_USER } from "../store/owned-store.ts";

/**
 * Counts each user's requests for consent that wait at the auth server, by state, also after the end of their runs. There all users share
 * what one agent may have waiting, a tenth of what the auth server keeps: with more of them one user would push out the requests that others
 * are about to consent to.
 */
export type ConsentRequests = QuotaStore<true>;

const MAX_REQUESTS = 1_000;

/** @param now Unix seconds */
export function createConsentRequests(now: () => number): ConsentRequests {
  return new QuotaStore({ maxEntries: MAX_REQUESTS, maxPerOwner: MAX_OPEN_PER_USER, now });
}

/** How long an auth server keeps a request for consent whose lifetime it has not stated (profile 6.1). */
const LIFETIME_SECONDS = 600;
/** The auth server was not reached, so it keeps nothing. */
const NEVER_ARRIVED: ReadonlySet<string | undefined> = new Set([
  "connection_refused",
  "name_not_found",
  "unreachable",
]);

/** One attempt, of which the auth server may keep a request for consent. */
export interface WatchedRequest {
  readonly observer: (event: AgentEvent) => void;
  /** The attempt is over, with this error or with none. Its token request may still be in progress. */
  end(error?: unknown): void;
}

/**
 * Counts an attempt as a pending request of the user: while it goes on, and afterwards as long as the auth server keeps what it has
 * asked for. In doubt it counts: an attempt that ends early does not end its token request, which other calls may wait for, too.
 *
 * @param goesOn whether the call continues while its user is at a page, so that each party that it
 * asks may have a request wait for the person
 */
export function watchConsentRequest(
  requests: ConsentRequests,
  { userId, state }: { readonly userId: string; readonly state: string },
  goesOn: boolean,
): WatchedRequest {
  const mayWait = (event: AgentEvent) =>
    event.type === "request_signed"
      ? goesOn
      : event.type === "token_requested" && event.requestType === "auth";
  let isAsking = false;
  let isOver = false;
  let isKept = false;
  const note = (seconds: number) => {
    // A run that goes on after consent is not refused. One request too many must not cost the count of another.
    if (requests.has(state) || requests.hasRoom(userId)) requests.put(userId, state, true, seconds);
  };
  const settle = () => {
    if (isKept) return;
    if (!isOver) note(Number.POSITIVE_INFINITY);
    else if (isAsking) note(LIFETIME_SECONDS);
    else requests.delete(state);
  };
  const keep = (seconds: number) => {
    isKept = true;
    note(seconds);
  };
  settle();
  return {
    observer(event) {
      if (event.type === "consent_required") keep(event.expiresInSeconds);
      else if (mayWait(event)) isAsking = true;
      else if (hasAnswer(event) || isRefusal(event)) isAsking = false;
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
