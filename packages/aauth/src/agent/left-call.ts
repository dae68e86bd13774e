/**
 * A call that is left waiting: as plain data, and back.
 *
 * @module
 */

import { decodeBase64, encodeBase64 } from "../base64.ts";
import type { CallState, TokenDemand } from "../profile/calls.ts";
import type { Waiting } from "../types.ts";
import type { CallersRequest } from "./outgoing-request.ts";
import type { LeftWaiting } from "./pending-answer.ts";
import type { FetchContext } from "./types.ts";

/** How a call that waits goes on. */
export interface Progress {
  readonly state: CallState;
  readonly left: LeftWaiting;
  /** What the last request carried, if it was a token for the resource. */
  readonly presented?: string;
  /** What is waited for, where it is a token. */
  readonly demand?: TokenDemand;
  /** What the resource wants to be covered in addition. */
  readonly covers?: readonly string[];
}

/** A call at the moment it is left. */
export interface LeftCall extends Pick<Waiting, "profile" | "keyThumbprint" | "party"> {
  readonly request: CallersRequest;
  readonly context: FetchContext;
  readonly progress: Progress;
}

export function waitingOf({ request, context, progress, ...call }: LeftCall): Waiting {
  const { method, url, headers, body } = request;
  const { pending, nextLookAt, page } = progress.left;
  const { location, requirement = "", interaction, clarification } = pending;
  const kept = Object.entries(context).filter(
    (entry): entry is [string, string] => KEPT.has(entry[0]) && typeof entry[1] === "string",
  );
  return {
    ...call,
    location,
    nextLookAt,
    requirement,
    ...(interaction && { interaction: { ...interaction, page: page ?? interaction.url } }),
    ...(clarification && { clarification }),
    call: {
      method,
      url,
      headers: { ...headers },
      ...(body && { body: encodeBase64(body) }),
      context: Object.fromEntries(kept),
    },
    progress: { ...progress },
  };
}

/** @throws TypeError for a body that is not base64 */
export function requestOf({ call }: Waiting, signal: AbortSignal | undefined): CallersRequest {
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

export const progressOf = ({ progress }: Waiting): Progress => progress as unknown as Progress;

/** What a call that waits keeps of its context. */
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
