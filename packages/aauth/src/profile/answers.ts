/**
 * Refusals and challenges of a resource in one dialect.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { AAuthError } from "../errors.ts";
import type { ProvenCaller, Requirement, SigningKey } from "../types.ts";
import type { Answer, ResourceTokenGrant } from "./resource-rules.ts";

/** What a refusal is written for. */
export interface RefusalContext {
  /** Requirement of the route. */
  readonly requirement: Requirement<string>;
  /** Counts only where the error carries no proven caller. Default: none. */
  readonly caller?: ProvenCaller | undefined;
  /** The request that is refused. Default: unknown. */
  readonly request?: { readonly method: string; readonly target: string } | undefined;
}

/** How one dialect refuses and challenges. */
export interface AnswerRules {
  /**
   * The response for a verifier's error where no tokens are issued: any status, and what would help
   * in the profile's own headers.
   */
  refuse(error: AAuthError, context: RefusalContext): Answer;
  create(options: AnswerOptions): AnswerWriter;
}

/** What answers are written with. */
export interface AnswerOptions {
  /** Signs resource tokens. */
  readonly key: () => SigningKey;
  /** Own resource identifier. */
  readonly resource: string;
  /**
   * Issuer identifier of the auth server to send callers to; undefined where it is that of each
   * caller's person.
   */
  readonly authServer: string | undefined;
  /** Unix seconds. */
  readonly now: () => number;
  /** Lifetime of a resource token. */
  readonly lifetimeSeconds: number | undefined;
  /** Signature algorithms to name in challenges. */
  readonly algs: readonly string[] | undefined;
  /** Scopes that the resource describes. Default: not compared. */
  readonly scopeDescriptions?: Readonly<Record<string, string>> | undefined;
}

/** Writes the answers of one resource. */
export interface AnswerWriter {
  /** As the rules' `refuse`, and with a token where one would help. */
  refuse(error: AAuthError, context: RefusalContext): Awaitable<Answer>;
  /** The response for a proven caller that has used up the requests of its level. */
  limitReached(
    caller: ProvenCaller,
    options: { readonly retryAfterSeconds: number; readonly raisedBy: readonly string[] },
  ): Awaitable<Answer>;
  resourceToken(
    caller: ProvenCaller,
    scopes: readonly string[],
    account?: string,
  ): Promise<ResourceTokenGrant>;
  /** @throws TypeError for a scope that no resource token may have. Default: each may be. */
  checkScopes?(scopes: readonly string[]): void;
}
