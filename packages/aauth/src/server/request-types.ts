/**
 * Records of a server's deferred requests, and the hooks in which servers differ.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { DeferredRecord } from "../deferred/deferred-requests.ts";
import type { RecordStore } from "../store/record-store.ts";
import type { Answer } from "../types.ts";
import type { ServerParts } from "./server-types.ts";
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

/** A stored request. Plain data; `work` is specific to the server. */
export interface RequestRecord<Work> extends DeferredRecord {
  /** Identifies the request on pages. */
  readonly reference: string;
  depends: readonly Dependency[];
  state: "deciding" | "waiting" | "granted";
  asked: AskedRequest;
  grant?: Grant;
  clarification?: Clarification & { readonly by?: number; readonly from: ClarifiedBy };
  rounds: number;
  version: number;
  polls: { notBefore: number; early: number };
  work: Work;
}

/** Source of a question: the policy, a person on the page, or an access server. */
export type ClarifiedBy = "policy" | "page" | "access";

/** Members of a new request. */
export type NewRequest<Work> = Pick<RequestRecord<Work>, "asked" | "work" | "depends"> &
  Partial<Pick<RequestRecord<Work>, "state" | "requirement">>;

export interface RequestHooks<Work> {
  decide(record: RequestRecord<Work>): Awaitable<Decision>;
  /** Executes a grant; undefined while that is pending. */
  finish(record: RequestRecord<Work>): Promise<Answer | undefined>;
  isRevoked(token: Dependency): Promise<boolean>;
  /** Checks a waiting request for an outcome. Default: none. */
  look?(record: RequestRecord<Work>): Answer | undefined;
  /** Whether the request has lost its ground: its outcome then. Default: never. */
  ended?(record: RequestRecord<Work>): Promise<Answer | undefined>;
  /** The outcome of a request that was denied. Default: 403 `denied`. */
  denied?(record: RequestRecord<Work>, detail: string): Answer | undefined;
  /** Called with each answer to a question. Default: none. */
  clarified?(record: RequestRecord<Work>, question: string, answer: string): Promise<void>;
  /** Called when the caller cancels, or a granted request is refused. Default: none. */
  cancelled?(record: RequestRecord<Work>): Promise<void>;
  /** Forwards an answer to another server's question. Default: other servers ask none. */
  forward?(record: RequestRecord<Work>, body: Readonly<Record<string, unknown>>): Promise<Answer | undefined>;
  /** Member of the owner for which a request is counted as well. Default: not counted. */
  memberOf?(request: Pick<RequestRecord<Work>, "holder" | "asked">): string;
}

export interface ServerRequestsOptions<Work>
  extends Pick<ServerParts, "issuer" | "now" | "interactionUrl" | "pollSeconds" | "pendingSeconds"> {
  readonly store: RecordStore<unknown>;
  /** Path below which requests are polled, with a final slash. */
  readonly path: string;
  readonly maxPendingPerOwner: number;
  /** Default: no limit. */
  readonly maxPendingPerMember?: number;
  readonly hooks: RequestHooks<Work>;
}
