/**
 * Records of pending requests, and the hooks in which servers differ.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { DeferredRecord } from "../deferred/deferred-records.ts";
import type { RecordStore } from "../store/record-store.ts";
import type { Outcome, PendingRequirement } from "./answers.ts";
import type { AskedRequest, Clarification, Decision, Grant } from "./types.ts";

/** A token that a request depends on: its revocation ends the request. */
export interface Dependency {
  /** Description for messages. */
  readonly what: string;
  readonly type: string;
  readonly iss: string;
  readonly jti: string;
  readonly exp: number;
}

/** A stored pending request. Plain data; `work` is specific to the server. */
export interface PendingRecord<Work> extends DeferredRecord {
  /** Identifies the request on pages. */
  readonly reference: string;
  depends: readonly Dependency[];
  state: "deciding" | "waiting" | "granted";
  asked: AskedRequest;
  grant?: Grant;
  requirement?: PendingRequirement;
  clarification?: Clarification & { readonly by?: number; readonly from: ClarifiedBy };
  rounds: number;
  version: number;
  outcome?: Outcome;
  polls: { notBefore: number; early: number; told: string };
  work: Work;
}

/** Source of a question: the policy, a person on the page, or an access server. */
export type ClarifiedBy = "policy" | "page" | "access";

/** Members of a new request. */
export type NewRequest<Work> = Pick<
  PendingRecord<Work>,
  "holder" | "asked" | "work" | "depends" | "expiresAt"
> &
  Partial<Pick<PendingRecord<Work>, "state" | "requirement">>;

export interface PendingHooks<Work> {
  decide(record: PendingRecord<Work>): Awaitable<Decision>;
  /** Executes a grant; undefined while that is pending. */
  finish(record: PendingRecord<Work>): Promise<Outcome | undefined>;
  isRevoked(token: Dependency): Promise<boolean>;
  /** Checks a waiting request for an outcome. Default: none. */
  look?(record: PendingRecord<Work>): Outcome | undefined;
  /** Called when the caller cancels, or a granted request is refused. Default: none. */
  cancelled?(record: PendingRecord<Work>): Promise<void>;
  /** Forwards an answer to another server's question. Default: other servers ask none. */
  forward?(
    record: PendingRecord<Work>,
    body: Readonly<Record<string, unknown>>,
  ): Promise<Outcome | undefined>;
  /** Owner accountable for a holder, by which pending requests are counted. */
  accountOf(holder: string): string;
  /** Member of the owner for which a request is counted as well. Default: not counted. */
  memberOf?(request: NewRequest<Work>): string;
}

export interface PendingOptions<Work> {
  readonly store: RecordStore<unknown>;
  readonly now: () => number;
  /** Identifier of the server; `Location` is below it. */
  readonly issuer: string;
  /** Path of pending URLs, with a final slash. */
  readonly path: string;
  readonly interactionUrl: string;
  readonly pollSeconds: number;
  readonly maxPendingPerOwner: number;
  /** Default: no limit. */
  readonly maxPendingPerMember?: number;
  readonly hooks: PendingHooks<Work>;
}
