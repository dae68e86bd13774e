/**
 * Refusals and challenges of a resource in one dialect.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { AAuthError } from "../errors.ts";
import type { ProvenCaller, Requirement, SigningKey } from "../types.ts";
import type { Answer, ResourceTokenGrant } from "./resource-rules.ts";

/** Refusals and challenges of one dialect. */
export interface AnswerRules {
  /**
   * Writes the response at a route with a requirement for a verifier's error, without issuing a
   * token: its status, and in the profile's headers what the caller can present instead.
   */
  refuse(error: AAuthError, requirement: Requirement<string>): Answer;
  create(options: AnswerOptions): AnswerWriter;
}

/** Options of an answer writer. */
export interface AnswerOptions {
  /** Signs resource tokens. */
  readonly key: () => SigningKey;
  /** Own resource identifier. */
  readonly resource: string;
  /** Own access server. Undefined if each caller's person server is used. */
  readonly accessServer: string | undefined;
  /** Unix seconds. */
  readonly now: () => number;
  /** Scopes that the resource describes. Default: scopes are not checked. */
  readonly scopeDescriptions?: Readonly<Record<string, string>> | undefined;
}

/** Writes refusals and challenges of one resource. */
export interface AnswerWriter {
  /** Like `AnswerRules.refuse`, with a resource token if it helps the caller. */
  refuse(error: AAuthError, requirement: Requirement<string>): Awaitable<Answer>;
  /** The response for a verified caller that exceeds the request limit of its level. */
  limitReached(
    caller: ProvenCaller,
    options: { readonly retryAfterSeconds: number; readonly raisedBy: readonly string[] },
  ): Awaitable<Answer>;
  /**
   * Issues a resource token without a challenge, for a verified agent that knows the scopes it
   * needs.
   *
   * @throws TypeError without scopes, and for a caller that has not proven an identity; in draft
   *   -11, one that has not presented a person, and a scope without an entry in `scopeDescriptions`
   */
  resourceToken(
    caller: ProvenCaller,
    scopes: readonly string[],
    account?: string,
  ): Promise<ResourceTokenGrant>;
  /**
   * @throws TypeError for a scope that a resource token must not have. Default: all are allowed.
   */
  checkScopes?(scopes: readonly string[]): void;
}
