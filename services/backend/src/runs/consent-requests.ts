import type { AAuthEvent } from "aauth";
import { AgentHttpError } from "aauth-a2a";
import { hasAnswer } from "agent-kit/draft-11";
import { endedAtPage } from "../calls/ended-at-page.ts";
import { networkCodeOf } from "../failures/network-code.ts";
import type { OpenRequests } from "../store/open-requests.ts";
import { KEPT_SECONDS } from "../store/user-records.ts";
import { createWriteQueue } from "../write-queue.ts";

/** Lifetime of a consent request at an auth server that does not state it (profile 6.1). */
const ASKED_SECONDS = 600;
/** Codes for a party that was not reached and so keeps nothing. */
const NEVER_ARRIVED: ReadonlySet<string | undefined> = new Set([
  "connection_refused",
  "name_not_found",
  "unreachable",
]);

/** An attempt that may leave a consent request at the auth server. */
export interface WatchedRequest {
  readonly observer: (event: AAuthEvent) => void;
  /** Ends the attempt, with an error or without. Its token request may still be in progress. */
  end(error?: unknown): Promise<unknown>;
}

/**
 * Counts an attempt as an open request of the user while it lasts, and afterwards for as long as
 * the auth server keeps its consent request. In doubt it counts: an attempt that ends early does
 * not end its token request, which other calls may share.
 *
 * @param continues whether the call continues while its user is at a page, in which case each party
 * may hold a pending request
 */
export function watchConsentRequest(
  requests: OpenRequests,
  { userId, id }: { readonly userId: string; readonly id: string },
  continues: boolean,
): WatchedRequest {
  const mayWait = (event: AAuthEvent) =>
    event.type === "request_signed"
      ? continues
      : event.type === "token_requested" && event.requestType === "auth";
  const notes = createWriteQueue();
  let isAsking = false;
  let isOver = false;
  let isKept = false;
  const note = (seconds: number) => notes.add(() => requests.keep(userId, id, seconds));
  const settle = () => {
    if (isKept || !isOver) return;
    if (isAsking) note(ASKED_SECONDS);
    else notes.add(() => requests.end(userId, id));
  };
  const keep = (seconds: number) => {
    isKept = true;
    note(seconds);
  };
  // The count restarts after a consent.
  note(KEPT_SECONDS);
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
      const ended = endedAtPage(error);
      if (ended !== undefined) keep(ended.expiresInSeconds);
      else if (isKeptNowhere(error)) isAsking = false;
      settle();
      return notes.done();
    },
  };
}

/**
 * Whether the request never arrived or was refused before it was handled, so that no party keeps
 * it.
 */
function isKeptNowhere(error: unknown): boolean {
  if (NEVER_ARRIVED.has(networkCodeOf(error))) return true;
  if (!(error instanceof AgentHttpError)) return false;
  const { refusal, gatewayFailed } = error.answer;
  return refusal?.code === "store_unavailable" || gatewayFailed === true;
}

function isRefusal(event: AAuthEvent): boolean {
  return event.type === "response_received" && event.purpose === "token" && event.status >= 400;
}
