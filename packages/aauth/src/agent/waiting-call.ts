/**
 * A waiting call as plain data, and back.
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

/** Where the polling of a party stands. Plain data. */
export interface PollState {
  /** Its `location` is absolute. */
  readonly deferred: DeferredResponse;
  /** Unix seconds. */
  readonly nextPollAt: number;
  /** The page of the interaction, complete. */
  readonly page?: string | undefined;
  /** How much further apart the polls are than the party said, since it found them too many. */
  readonly slowedBySeconds: number;
  /** Questions that have been answered. */
  readonly questions: number;
  /** Pages that a person has been brought to. */
  readonly pages: number;
}

/** The polling ends before there is an answer: a call makes an error of it that can be resumed. */
export class StillDeferredError extends AAuthAgentError {
  readonly state: PollState;

  constructor(message: string, state: PollState) {
    super("grant_pending", message);
    this.state = state;
  }
}

/** What a call needs to be resumed. */
export interface Progress {
  readonly state: CallState;
  readonly polling: PollState;
  /** The token for the resource that the last request carried, if it did. */
  readonly presented?: string | undefined;
  /** The token that is waited for. Default: the response of the resource is. */
  readonly wanted?: WantedToken | undefined;
  /** What the resource wants to be covered in addition. */
  readonly covers?: readonly string[] | undefined;
}

/** A call at the moment it begins to wait. */
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

/** What a waiting call keeps of its context. */
const KEPT: ReadonlySet<string> = new Set<keyof FetchContext>([
  "resource",
  "state",
  "upstreamToken",
  "cacheKey",
  "scope",
  "returnUrl",
  "mission",
  "justification",
  "loginHint",
]);
