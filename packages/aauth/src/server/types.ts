/**
 * Requests and tokens, as policies and pages see them. Plain data.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { Clarification } from "../profile/waiting.ts";
import type { ReceivedRequest } from "../types.ts";

export type { Clarification } from "../profile/waiting.ts";

/** A request as it came, with its body. Its `Host` is never looked at. */
export interface ServerRequest extends ReceivedRequest {
  /** The bytes as they came, 64 KiB at most; undefined for none. */
  readonly body: Uint8Array | undefined;
  /**
   * Aborted when the caller's connection is gone: a decision that it does not hear stays for its
   * next poll. Default: it is there.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Identity of an agent: its provider and its name there (draft -11, section 5.2). */
export interface AgentIdentity {
  /** Server identifier of the agent provider. */
  readonly iss: string;
  /** Agent identifier. */
  readonly sub: string;
}

/** Assertions of a resource about the request, signed or published by it. */
export interface ResourceAssertions {
  /** From its metadata. Unset where it publishes none, or it cannot be read. */
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly logoUri?: string | undefined;
  readonly accessMode?: string | undefined;
  /** Scope to the sentence that a person reads, for the scopes that are asked for. */
  readonly scopeDescriptions?: Readonly<Record<string, string>> | undefined;
  readonly loginHint?: string | undefined;
  /** Whether the person has to act at the resource first. */
  readonly interaction?: boolean | undefined;
}

/**
 * Assertions of the agent, in words of its choice: shown as the agent's, its Markdown sanitized,
 * and never decided on alone (section 7.4).
 */
export interface AgentAssertions {
  /** Markdown. */
  readonly justification?: string | undefined;
  readonly platform?: string | undefined;
  readonly device?: string | undefined;
  readonly loginHint?: string | undefined;
  readonly tenant?: string | undefined;
  readonly domainHint?: string | undefined;
  readonly prompt?: string | undefined;
  /** Description of an interaction that it relays, or a question that it asks. Markdown. */
  readonly description?: string | undefined;
  /** Questions it was asked, and what it answered. */
  readonly answers: readonly { readonly question: string; readonly answer: string }[];
}

/** A verified request, in the parts that a policy or a person decides on. */
export interface AskedRequest {
  readonly kind: "person-token" | "auth-token" | "interaction" | "payment" | "question";
  /**
   * The agent that signed; at an access server that of the agent token that the person server
   * passed on.
   */
  readonly agent: AgentIdentity;
  /** Agent identifier of the sub-agent that the token is for, where it is one. */
  readonly subagent?: string | undefined;
  /**
   * The person of the deployment that the agent belongs to; undefined for an agent that belongs to
   * none yet, and at an access server.
   */
  readonly person?: string | undefined;
  /** Server identifier of the resource. Unset for what the agent relays or asks. */
  readonly resource?: string | undefined;
  /** The access server that decides for the resource, where it has one. */
  readonly accessServer?: string | undefined;
  /**
   * At an access server: the person server that asks, and the person as the resource knows them.
   */
  readonly personServer?: string | undefined;
  readonly subject?: string | undefined;
  readonly tenant?: string | undefined;
  readonly scopes: readonly string[];
  readonly account?: string | undefined;
  /** The resource that the agent was called as, where it acts for its own caller (section 10.1). */
  readonly upstream?: string | undefined;
  /**
   * The agent that called it there, and its token: a person token says no more than who the person
   * is. Unset at an access server, which does not know.
   */
  readonly calledBy?:
    | { readonly agent: AgentIdentity; readonly type: "person-token" | "auth-token" }
    | undefined;
  /**
   * Whether the person has agreed to this before: to the agent at the resource, and to each of the
   * scopes there. False at an access server.
   */
  readonly consented: boolean;
  /** Capabilities of the agent: `interaction`, `clarification`, `payment`. */
  readonly capabilities: readonly string[];
  readonly fromResource: ResourceAssertions;
  readonly fromAgent: AgentAssertions;
  /** At an access server: claims of the person that the person server has sent. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** Relayed by the agent: a page of a resource, with the code for it; or its question. */
  readonly page?: { readonly url: string; readonly code?: string | undefined } | undefined;
  readonly question?: string | undefined;
}

/** Extent of a grant. */
export interface Grant {
  /**
   * The granted ones of `scopes`; others are left out. An access server is asked for all of
   * them: where it gives one that is left out here, its token is refused. Default: all that were
   * asked for.
   */
  readonly scopes?: readonly string[] | undefined;
  /** Claims of the person in an auth token. Default: none. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** In a person token: the organization that the person belongs to. Default: none. */
  readonly tenant?: string | undefined;
}

/** Decision of a policy on a request. */
export type Decision =
  | ({ readonly type: "grant" } & Grant)
  | { readonly type: "deny"; readonly detail?: string | undefined }
  /**
   * The agent sends the person to the page, with a code. For agents that can (`capabilities`);
   * others receive `user_unreachable`.
   */
  | { readonly type: "interaction" }
  /** The server reaches the person, or another approver, itself. */
  | { readonly type: "approval" }
  /**
   * The agent, or at an access server the person server, has to answer first. Five times at most.
   */
  | ({ readonly type: "clarification" } & Clarification)
  /** Access servers only: claims of the person. Never `sub`. */
  | { readonly type: "claims"; readonly names: readonly string[] }
  /** The person cannot be reached. */
  | { readonly type: "unreachable" };

/** The owner's policy: the decision on a request. */
export type Decide = (request: AskedRequest) => Awaitable<Decision>;

/** A request that waits for a person, as the page sees it. */
export interface WaitingRequest {
  /** Names it for the page. Unguessable, and unknown to the agent. */
  readonly reference: string;
  readonly request: AskedRequest;
  /**
   * Rises with every answer of the agent, which may ask for something else: who approves says what
   * they have seen.
   */
  readonly version: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Whether the person has come to the page. */
  readonly status: "pending" | "interacting";
  /**
   * The resource's own page, where the person goes first: it sends them back to the callback in it.
   * Unset where there is none, or they have been.
   */
  readonly first?: string | undefined;
}

/**
 * Result of a page's call: `done`; `gone` for a request that has ended or never was; `other_person`
 * where the agent belongs to another person; `resource_first` where the person has to act at the
 * resource first; `changed` where the agent has answered since `version`; `unable` for a question
 * to an agent that does not answer questions, or one too many.
 */
export type PageResult = "done" | "gone" | "other_person" | "resource_first" | "changed" | "unable";

/** An auth token that an access server has issued, and that has not expired. */
export interface IssuedTokenRecord {
  readonly type: "auth-token";
  readonly jti: string;
  /** Unix seconds. */
  readonly exp: number;
  readonly agent: AgentIdentity;
  /** The person server that has asked for it, and the person as the resource knows them. */
  readonly personServer: string;
  readonly subject: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly account?: string | undefined;
  readonly isRevoked: boolean;
  /**
   * Parties that have not confirmed the revocation, where the token may be accepted until it
   * expires.
   */
  readonly unconfirmed: readonly DownstreamResult[];
}

/** A token that was issued, or had from an access server, and has not expired. */
export interface GrantedToken extends Omit<IssuedTokenRecord, "type" | "personServer" | "subject"> {
  readonly type: "person-token" | "auth-token";
  /** Server identifier of the issuer. */
  readonly iss: string;
  readonly person: string;
}

/** Result of a revocation at another party (draft -11, section 11.12.3). */
export interface DownstreamResult {
  /** Its identifier. */
  readonly recipient: string;
  /** Unset where it was recorded there. */
  readonly error?: "revocation_unsupported" | "revocation_unavailable" | undefined;
}
