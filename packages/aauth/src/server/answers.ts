/**
 * Responses of a person server and an access server (draft -11, sections 11.8 and 11.9).
 *
 * @module
 */

import { formatRequirement } from "../draft-11/headers.ts";
import { AAUTH_REQUIREMENT } from "../draft-11/names.ts";
import { emptyAnswer, jsonAnswer, pendingAnswer } from "../draft-11/problem.ts";
import { draft11 } from "../draft-11/profile.ts";
import type { AAuthError } from "../errors.ts";
import { retryAfter } from "../profile/refusal.ts";
import type { Answer } from "../profile/resource-rules.ts";
import type { Requirement } from "../types.ts";

/** An error with a status and a code for the caller. Any other error becomes `server_error`. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  /** `error` of the body. */
  readonly error: string;
  readonly detail: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, error: string, detail: string, retryAfterSeconds?: number) {
    super(`${error}: ${detail}`);
    this.status = status;
    this.error = error;
    this.detail = detail;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export const invalidRequest = (detail: string): Problem => new Problem(400, "invalid_request", detail);

/** A caller's waiting time and connection. */
export interface Waiting {
  /** Default: no waiting. */
  readonly waitSeconds?: number | undefined;
  /** Aborted when the caller disconnects. */
  readonly signal?: AbortSignal | undefined;
}

/** A stored outcome. Plain data. */
export interface Outcome {
  readonly status: number;
  /** The JSON object of the response; undefined for an empty body. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
  readonly retryAfterSeconds?: number;
}

export const succeeded = (body: Readonly<Record<string, unknown>> | undefined): Outcome => ({
  status: 200,
  body,
});

export const failed = ({ status, error, detail, retryAfterSeconds }: Problem): Outcome => ({
  status,
  body: { error, detail },
  ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
});

export function answerOf({ status, body, retryAfterSeconds }: Outcome): Answer {
  if (body === undefined) return emptyAnswer(status);
  return jsonAnswer(status, body, {
    ...(retryAfterSeconds !== undefined && { "retry-after": String(retryAfterSeconds) }),
  });
}

/** Requirement of a pending request. */
export interface PendingRequirement {
  readonly requirement: "interaction" | "approval" | "clarification" | "claims";
  /** With `interaction`. */
  readonly url?: string;
  readonly code?: string;
  /** Additional members of the body. */
  readonly members?: Readonly<Record<string, unknown>>;
}

export function waitingAnswer(options: {
  readonly location: string;
  readonly retryAfterSeconds: number;
  readonly status: "pending" | "interacting";
  readonly requirement: PendingRequirement | undefined;
}): Answer {
  const { location, retryAfterSeconds, status, requirement } = options;
  const { members, ...named } = requirement ?? {};
  const field = requirement && formatRequirement({ ...named, requirement: requirement.requirement });
  return pendingAnswer({ status, ...members }, { location, retryAfterSeconds, requirement: field });
}

/**
 * The refusal of an invalid signature or token (section 11.9.1), without the `AAuth-Requirement`
 * that a resource would send.
 */
export function refusal(error: AAuthError, requirement: Requirement<string>): Answer {
  const { status, headers, body } = draft11.answers.refuse(error, { requirement });
  const { [AAUTH_REQUIREMENT]: _demand, ...rest } = headers;
  return { status, headers: { ...rest, ...retryAfter(error) }, body };
}
