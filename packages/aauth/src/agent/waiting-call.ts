/**
 * Serialization of a waiting call.
 *
 * @module
 */

import { decodeBase64, encodeBase64 } from "../base64.ts";
import { AAuthAgentError } from "../errors.ts";
import type { CallState, WantedToken } from "../profile/calls.ts";
import type { DeferredResponse } from "../profile/waiting.ts";
import type { WaitingCall } from "../types.ts";
import type { CallersRequest } from "./outgoing-request.ts";
import type { FetchContext } from "./types.ts";

/** Polling state. Plain data. */
export interface PollState {
  /** Its `location` is absolute. */
  readonly deferred: DeferredResponse;
  /** Unix seconds. */
  readonly nextPollAt: number;
  /** Complete URL of the interaction. */
  readonly page?: string | undefined;
  /** Seconds added to the party's interval after it replied 429. */
  readonly slowedBySeconds: number;
  /** Number of answered questions. */
  readonly questions: number;
  /** Number of pages to which a person was sent. */
  readonly pages: number;
}

/** Ends the polling before there is a response. A call converts it into a resumable error. */
export class StillDeferredError extends AAuthAgentError {
  readonly state: PollState;

  constructor(message: string, state: PollState) {
    super("grant_pending", message);
    this.state = state;
  }
}

/** State for resuming a call. */
export interface Progress {
  readonly state: CallState;
  readonly polling: PollState;
  /** The token for the resource that the last request carried, if any. */
  readonly presented?: string | undefined;
  /** The awaited token. Default: the call awaits the response of the resource. */
  readonly wanted?: WantedToken | undefined;
  /** Additional components that the resource demands. */
  readonly covers?: readonly string[] | undefined;
}

/** A call that is about to wait. */
interface CallInProgress extends Pick<WaitingCall, "profile" | "keyThumbprint" | "party"> {
  readonly request: CallersRequest;
  readonly context: FetchContext;
  readonly progress: Progress;
}

export function waitingOf({ request, context, progress, ...call }: CallInProgress): WaitingCall {
  const { method, url, headers, body } = request;
  const { deferred, nextPollAt, page } = progress.polling;
  const { location, requirement = "", interaction, clarification } = deferred;
  const kept = Object.entries(context).filter(
    (entry): entry is [string, string] => KEPT.has(entry[0]) && typeof entry[1] === "string",
  );
  return {
    ...call,
    location,
    nextLookAt: nextPollAt,
    requirement,
    interaction: interaction && { ...interaction, page: page ?? interaction.url },
    clarification,
    call: {
      method,
      url,
      headers: { ...headers },
      body: body && encodeBase64(body),
      context: Object.fromEntries(kept),
    },
    progress: { ...progress },
  };
}

/** @throws TypeError for a body that is not base64 */
export function requestOf({ call }: WaitingCall, signal: AbortSignal | undefined): CallersRequest {
  const { method, url, headers, body } = call;
  const bytes = body === undefined ? undefined : decodeBase64(body);
  if (body !== undefined && bytes === undefined) throw new TypeError("waiting.call.body is not base64");
  return {
    method,
    url,
    origin: new URL(url).origin,
    headers: { ...headers },
    body: bytes === undefined ? undefined : new Uint8Array(bytes),
    signals: signal === undefined ? [] : [signal],
  };
}

export const progressOf = ({ progress }: WaitingCall): Progress => progress as unknown as Progress;

/** Members of the context that a waiting call keeps. */
const KEPT: ReadonlySet<string> = new Set<keyof FetchContext>([
  "resource",
  "upstreamToken",
  "cacheKey",
  "scope",
  "returnUrl",
  "mission",
  "justification",
  "loginHint",
]);
