/**
 * Responses of a person server and an access server (draft -11, sections 11.8 and 11.9).
 *
 * @module
 */

import { AAUTH_REQUIREMENT } from "../draft-11/names.ts";
import { emptyAnswer, jsonAnswer } from "../draft-11/problem.ts";
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
  /** Further members of the body. */
  readonly members: Readonly<Record<string, string>>;

  constructor(
    status: number,
    error: string,
    detail: string,
    retryAfterSeconds?: number,
    members: Readonly<Record<string, string>> = {},
  ) {
    super(`${error}: ${detail}`);
    this.status = status;
    this.error = error;
    this.detail = detail;
    this.retryAfterSeconds = retryAfterSeconds;
    this.members = members;
  }
}

export const invalidRequest = (detail: string): Problem => new Problem(400, "invalid_request", detail);

/** The answer of a request that has succeeded; undefined for an empty body. */
export const succeeded = (body: Readonly<Record<string, unknown>> | undefined): Answer =>
  body === undefined ? emptyAnswer(200) : jsonAnswer(200, body);

export const failed = ({ status, error, detail, retryAfterSeconds, members }: Problem): Answer =>
  jsonAnswer(
    status,
    { error, detail, ...members },
    retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) },
  );

/**
 * The refusal of an invalid signature or token (section 11.9.1), without the `AAuth-Requirement`
 * that a resource would send.
 */
export function refusal(error: AAuthError, requirement: Requirement<string>): Answer {
  const { status, headers, body } = draft11.answers.refuse(error, requirement);
  const { [AAUTH_REQUIREMENT]: _demand, ...rest } = headers;
  return { status, headers: { ...rest, ...retryAfter(error) }, body };
}
