/**
 * Requests and tokens for policies and pages. Plain data.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { Clarification } from "../profile/waiting.ts";
import type { ReceivedRequest } from "../types.ts";

export type { Clarification } from "../profile/waiting.ts";

/** A received request with its body. `Host` is never used. */
export interface ServerRequest extends ReceivedRequest {
  /** The received bytes, at most 64 KiB; undefined for none. */
  readonly body: Uint8Array | undefined;
  /**
   * Aborted when the caller disconnects, so that an undelivered decision remains for the next poll.
   * Default: the caller stays connected.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Identity of an agent: its provider and its identifier (draft -11, section 5.2). */
export interface AgentIdentity {
  /** Server identifier of the agent provider. */
  readonly iss: string;
  /** Agent identifier. */
  readonly sub: string;
}

/** A resource's assertions about the request, signed or published by it. */
export interface ResourceAssertions {
  /** From its metadata. Unset if it is not published or cannot be fetched. */
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly logoUri?: string | undefined;
  readonly accessMode?: string | undefined;
  /** For each requested scope, the sentence for the person. */
  readonly scopeDescriptions?: Readonly<Record<string, string>> | undefined;
  readonly loginHint?: string | undefined;
  /** Whether the person must act at the resource first. */
  readonly interaction?: boolean | undefined;
}

/**
 * The agent's own assertions. Show them as such, with sanitized Markdown, and never decide on them
 * alone (section 7.4).
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
  /** Description of a relayed interaction or a question. Markdown. */
  readonly description?: string | undefined;
  /** Questions to the agent, and its answers. */
  readonly answers: readonly { readonly question: string; readonly answer: string }[];
}

/** The caller of an agent that acts for it (section 10.1). */
export interface CallingAgent {
  readonly agent: AgentIdentity;
  /** Type of its token; a person token only identifies the person. */
  readonly type: "person-token" | "auth-token";
  /**
   * Whether a page has named this caller, the agent and the resource, and the person has consented.
   * A policy that grants without it lets resources act for people that it only knows.
   */
  readonly isNamed: boolean;
}

/** A tool of an agent (section 8.2). */
export interface MissionTool {
  readonly name: string;
  readonly description?: string | undefined;
}

/** What an agent proposes, or a person approves (sections 8.1 and 8.2). */
export interface MissionTerms {
  /** Markdown. */
  readonly description: string;
  /** Tools that the agent may use without asking for permission. The protocol enforces no limit. */
  readonly tools: readonly MissionTool[];
  /** Server identifiers of resources that may know the person. Not a limit of the mission. */
  readonly resources: readonly string[];
  /** Unix seconds. Default: until the mission is completed or ended. */
  readonly expiresAt?: number | undefined;
}

/** An approved mission. Plain data. */
export interface Mission extends MissionTerms {
  readonly s256: string;
  /** The bytes of which `s256` is the digest: JSON in base64url. */
  readonly blob: string;
  readonly agent: AgentIdentity;
  readonly person: string;
  /** Unix seconds. */
  readonly approvedAt: number;
  /** Capabilities of the agent at the approval. */
  readonly capabilities: readonly string[];
  /** Accepted updates, oldest first. Markdown. */
  readonly updates: readonly string[];
  /** While true, the person is asked about every request. */
  readonly isPaused: boolean;
  /**
   * Unset while the mission is active. `reason` is one of section 8.6, or another text; `at` is in
   * Unix seconds.
   */
  readonly termination?: { readonly reason: string; readonly at: number } | undefined;
}

/** A signed request of an agent, complete enough to be verified later. It contains its token. */
export interface SignedRecord {
  readonly method: string;
  readonly target: string;
  /** The covered fields and those of the signature. */
  readonly headers: Readonly<Record<string, string>>;
  /** base64url. */
  readonly body: string;
}

/** An event in the log of a mission (section 8.3). */
export type MissionEvent =
  | { readonly type: "approved" | "paused" | "resumed" }
  | {
      readonly type: "requested";
      readonly request: AskedRequest;
      readonly signed: SignedRecord;
    }
  /** Decision on the request with the number `of`. */
  | {
      readonly type: "decided";
      readonly of: number;
      readonly decision: "granted" | "denied";
      readonly by: "person" | "policy" | "server";
      readonly detail?: string | undefined;
    }
  /** A question about the request with the number `of`, and the agent's answer. */
  | {
      readonly type: "clarified";
      readonly of: number;
      readonly question: string;
      readonly answer: string;
    }
  /** An accepted update: `bytes`, JSON in base64url, have the digest `s256`. */
  | { readonly type: "updated"; readonly s256: string; readonly bytes: string }
  /** What the agent has done, by its own account (section 7.8). */
  | {
      readonly type: "recorded";
      readonly action: string;
      readonly description?: string | undefined;
      readonly parameters?: Readonly<Record<string, unknown>> | undefined;
      readonly result?: Readonly<Record<string, unknown>> | undefined;
      readonly signed: SignedRecord;
    }
  | { readonly type: "ended"; readonly reason: string };

/** An entry of a log: numbered from 0 without gaps, `at` in Unix seconds. */
export type MissionEntry = { readonly n: number; readonly at: number } & MissionEvent;

/** A verified request, as a policy or a person sees it. */
export interface AskedRequest {
  readonly kind:
    | "person-token"
    | "auth-token"
    | "interaction"
    | "payment"
    | "question"
    | "mission"
    | "mission-update"
    | "mission-completion"
    | "permission";
  /** The agent that signed; at an access server, the one of the forwarded agent token. */
  readonly agent: AgentIdentity;
  /** Agent identifier of the sub-agent that gets the token, if any. */
  readonly subagent?: string | undefined;
  /**
   * The agent's person in the deployment; undefined for an agent without one, and at an access
   * server.
   */
  readonly person?: string | undefined;
  /** Server identifier of the resource. Unset for a relay or a question. */
  readonly resource?: string | undefined;
  /** The access server of the resource, if any. */
  readonly accessServer?: string | undefined;
  /**
   * At an access server: the requesting person server, and below the resource's identifier of the
   * person.
   */
  readonly personServer?: string | undefined;
  readonly subject?: string | undefined;
  readonly tenant?: string | undefined;
  readonly scopes: readonly string[];
  readonly account?: string | undefined;
  /** The resource as which the agent was called, if it acts for its own caller (section 10.1). */
  readonly upstream?: string | undefined;
  /**
   * The agent that called it there. Unset at an access server.
   */
  readonly calledBy?: CallingAgent | undefined;
  /**
   * Whether the person has already consented to the agent at the resource, and to all of the
   * scopes. With `calledBy`, only consent that named this caller applies. False at an access
   * server.
   */
  readonly consented: boolean;
  /** Capabilities of the agent: `interaction`, `clarification`, `payment`. */
  readonly capabilities: readonly string[];
  readonly fromResource: ResourceAssertions;
  readonly fromAgent: AgentAssertions;
  /** At an access server: claims of the person, sent by the person server. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** A resource's page that the agent relays, with its code. */
  readonly page?: { readonly url: string; readonly code?: string | undefined } | undefined;
  readonly question?: string | undefined;
  /** For a proposed mission: its terms, and what its resources publish about themselves. */
  readonly proposal?:
    | (MissionTerms & { readonly about: Readonly<Record<string, ResourceAssertions>> })
    | undefined;
  /** For a permission: what the agent wants to do (section 7.7). */
  readonly action?:
    | { readonly name: string; readonly parameters?: Readonly<Record<string, unknown>> | undefined }
    | undefined;
  /**
   * The mission that the request is part of, and whether its approval named the resource or the
   * tool of the request.
   */
  readonly mission?: (Mission & { readonly isNamed: boolean }) | undefined;
}

/** Extent of a grant. */
export interface Grant {
  /**
   * The granted ones of the requested scopes. An access server is asked for all of them, but a
   * token with a scope that is not granted is refused. Default: all requested scopes.
   */
  readonly scopes?: readonly string[] | undefined;
  /** Claims of the person in an auth token. Default: none. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** For a person token: the organization of the person. Default: none. */
  readonly tenant?: string | undefined;
  /**
   * For a proposed mission: its approved terms. Resources that were not proposed are left out.
   * Default: as proposed.
   */
  readonly mission?: MissionTerms | undefined;
}

/** Decision of a policy on a request. */
export type Decision =
  | ({ readonly type: "grant" } & Grant)
  | { readonly type: "deny"; readonly detail?: string | undefined }
  /**
   * The agent brings the person to the page, with a code. Agents without this capability receive
   * `user_unreachable`.
   */
  | { readonly type: "interaction" }
  /** The server reaches the person, or another approver, itself. */
  | { readonly type: "approval" }
  /**
   * The agent, or at an access server the person server, must answer a question first. At most five
   * times.
   */
  | ({ readonly type: "clarification" } & Clarification)
  /** Access servers only: requests claims of the person, but never `sub`. */
  | { readonly type: "claims"; readonly names: readonly string[] }
  /** The person cannot be reached. */
  | { readonly type: "unreachable" };

/** The policy, which decides on a request. */
export type Decide = (request: AskedRequest) => Awaitable<Decision>;

/** A request that waits for a person, for display on the page. */
export interface WaitingRequest {
  /** Identifies it on the page. Unguessable, and unknown to the agent. */
  readonly reference: string;
  readonly request: AskedRequest;
  /**
   * Increases with every answer of the agent, which may change the request. An approval names the
   * version that was shown.
   */
  readonly version: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** `interacting` after the person has reached the page. */
  readonly status: "pending" | "interacting";
  /**
   * The resource's own page, which the person visits first and which returns them to its callback.
   * Unset if there is none, or after the visit.
   */
  readonly first?: string | undefined;
}

/**
 * Result of a page's call: `done`; `gone` for a request that has ended or does not exist;
 * `other_person` if the agent is bound to another person; `resource_first` if the person must act
 * at the resource first; `changed` if the agent has answered since `version`; `unable` if the agent
 * does not answer questions, or not any more.
 */
export type PageResult = "done" | "gone" | "other_person" | "resource_first" | "changed" | "unable";

/** An unexpired auth token of an access server. */
export interface IssuedTokenRecord {
  readonly type: "auth-token";
  readonly jti: string;
  /** Unix seconds. */
  readonly exp: number;
  readonly agent: AgentIdentity;
  /** The person server that requested it, and below the resource's identifier of the person. */
  readonly personServer: string;
  readonly subject: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly account?: string | undefined;
  readonly isRevoked: boolean;
  /** Parties that have not confirmed the revocation, and may accept the token until it expires. */
  readonly unconfirmed: readonly DownstreamResult[];
}

/** An unexpired token of a person server or an access server. */
export interface HeldTokenRecord extends Omit<IssuedTokenRecord, "type" | "personServer" | "subject"> {
  readonly type: "person-token" | "auth-token";
  /** Server identifier of the issuer. */
  readonly iss: string;
  readonly person: string;
}

/** Result of a revocation at another party (draft -11, section 11.12.3). */
export interface DownstreamResult {
  /** Identifier of the party. */
  readonly recipient: string;
  /** Unset if the party has recorded the revocation. */
  readonly error?: "revocation_unsupported" | "revocation_unavailable" | undefined;
}
