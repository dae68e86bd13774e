/**
 * What is kept of a pending request, and what differs between the servers that have them.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { DeferredRecord } from "../deferred/deferred-records.ts";
import type { RecordStore } from "../store/record-store.ts";
import type { Outcome, PendingRequirement } from "./answers.ts";
import type { AskedRequest, Clarification, Decision, Grant } from "./types.ts";

/** A token that a request stands on: where it is revoked, the request ends. */
export interface Dependency {
  /** In words. */
  readonly what: string;
  readonly type: string;
  readonly iss: string;
  readonly jti: string;
  readonly exp: number;
}

/** A pending request as it is kept. Plain data; `work` is the server's own. */
export interface PendingRecord<Work> extends DeferredRecord {
  /** Names the request at the pages. */
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

/** Who has asked the agent: the policy, a person at the page, or an access server. */
export type ClarifiedBy = "policy" | "page" | "access";

/** What a request begins with. */
export type NewRequest<Work> = Pick<
  PendingRecord<Work>,
  "holder" | "asked" | "work" | "depends" | "expiresAt"
> &
  Partial<Pick<PendingRecord<Work>, "state" | "requirement">>;

export interface PendingHooks<Work> {
  decide(record: PendingRecord<Work>): Awaitable<Decision>;
  /** Carries out what has been granted; undefined while that takes longer. */
  finish(record: PendingRecord<Work>): Promise<Outcome | undefined>;
  isRevoked(token: Dependency): Promise<boolean>;
  /** A further look at a request that waits. Default: none. */
  look?(record: PendingRecord<Work>): Outcome | undefined;
  /** Cancelled by who has asked. Default: nothing more to do. */
  cancelled?(record: PendingRecord<Work>): Promise<void>;
  /** An answer to a question of another server. Default: there are none. */
  forward?(
    record: PendingRecord<Work>,
    body: Readonly<Record<string, unknown>>,
  ): Promise<Outcome | undefined>;
  /** Who is accountable for a holder: pending requests are counted by it. */
  accountOf(holder: string): string;
  /**
   * For whom a request is, of those that one account answers for: counted as well. Default: not
   * counted.
   */
  memberOf?(request: NewRequest<Work>): string;
}

export interface PendingOptions<Work> {
  readonly store: RecordStore<unknown>;
  readonly now: () => number;
  /** Own identifier: `Location` is below it. */
  readonly issuer: string;
  /** Path of pending URLs, with a slash at its end. */
  readonly path: string;
  readonly interactionUrl: string;
  readonly pollSeconds: number;
  readonly maxPendingPerOwner: number;
  /** Default: no limit. */
  readonly maxPendingPerMember?: number;
  readonly hooks: PendingHooks<Work>;
}
