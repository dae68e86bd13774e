/**
 * Refusals and challenges of a resource in one dialect.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { AAuthError } from "../errors.ts";
import type { ProvenCaller, Requirement, SigningKey } from "../types.ts";
import type { Answer, ResourceTokenGrant } from "./resource-rules.ts";

/** Circumstances of a refusal. */
export interface RefusalContext {
  /** Requirement of the route. */
  readonly requirement: Requirement<string>;
  /** Used only if the error carries no verified caller. Default: none. */
  readonly caller?: ProvenCaller | undefined;
  /** The refused request. Default: unknown. */
  readonly request?: { readonly method: string; readonly target: string } | undefined;
}

/** Refusals and challenges of one dialect. */
export interface AnswerRules {
  /**
   * Writes the response for a verifier's error, without issuing a token: its status, and in the
   * profile's headers what the caller can present instead.
   */
  refuse(error: AAuthError, context: RefusalContext): Answer;
  create(options: AnswerOptions): AnswerWriter;
}

/** Options of an answer writer. */
export interface AnswerOptions {
  /** Signs resource tokens. */
  readonly key: () => SigningKey;
  /** Own resource identifier. */
  readonly resource: string;
  /**
   * Issuer identifier of the auth server for callers. Undefined if each caller's person server is
   * used.
   */
  readonly authServer: string | undefined;
  /** Unix seconds. */
  readonly now: () => number;
  /** Lifetime of a resource token. */
  readonly lifetimeSeconds: number | undefined;
  /** Signature algorithms listed in challenges. */
  readonly algs: readonly string[] | undefined;
  /** Scopes that the resource describes. Default: scopes are not checked. */
  readonly scopeDescriptions?: Readonly<Record<string, string>> | undefined;
}

/** Writes refusals and challenges of one resource. */
export interface AnswerWriter {
  /** Like `AnswerRules.refuse`, with a resource token if it helps the caller. */
  refuse(error: AAuthError, context: RefusalContext): Awaitable<Answer>;
  /** The response for a verified caller that exceeds the request limit of its level. */
  limitReached(
    caller: ProvenCaller,
    options: { readonly retryAfterSeconds: number; readonly raisedBy: readonly string[] },
  ): Awaitable<Answer>;
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
