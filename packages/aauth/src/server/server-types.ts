/**
 * Common options and functions of a person server and an access server.
 *
 * @module
 */

import type { CodeRefusal } from "../deferred/deferred-requests.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { Transport } from "../discovery/transport.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { Observer } from "../profile/events.ts";
import type { Answer } from "../profile/resource-rules.ts";
import type { Stores } from "../store/stores.ts";
import type { SigningKey } from "../types.ts";
import type { CallServer } from "./server-calls.ts";
import type {
  AgentIdentity,
  AskedRequest,
  Clarification,
  PageResult,
  ServerRequest,
  WaitingRequest,
} from "./types.ts";

/** Options of every server. */
export interface ServerOptions<Metadata> {
  /** Server identifier: `https://` and a host. */
  readonly issuer: string;
  /** Signs tokens, and requests to other servers. */
  readonly key: SigningKey | KeyRing;
  /** Finds the keys of agents, resources and other servers. Default `createDiscovery()`. */
  readonly discovery?: Discovery | undefined;
  /** The page on which persons or resource owners decide. Default `{issuer}/interaction`. */
  readonly interactionUrl?: string | undefined;
  /** Members of the document other than the endpoints: name, logo, `scopes_supported`, … */
  readonly metadata?: Partial<Omit<Metadata, "issuer">> | undefined;
  /**
   * Stores for all state that outlives a request, shared by replicas. Default:
   * `createMemoryStores()`, which the observer learns (`memory_stores`).
   */
  readonly stores?: Stores | undefined;
  /** Sends requests to other servers. Default: to public addresses only. */
  readonly transport?: Transport | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** Seconds for which a request waits for a decision. Default 600. */
  readonly pendingSeconds?: number | undefined;
  /** `Retry-After` of pending responses. Default 1. */
  readonly pollSeconds?: number | undefined;
  /**
   * Receives each verification, `request_signed` before each request to another server and
   * `response_received` after it, and as `unexpected_error` what callers see as `server_error` or
   * `as_unreachable`, and mismatches of a resource token and its presented token. Default: writes
   * the stack of an unexpected error to `console.error`.
   */
  readonly observer?: Observer<ServerRequest> | undefined;
}

/** Parts of a server that derive from its options. */
export interface ServerParts {
  readonly issuer: string;
  readonly now: () => number;
  readonly observe: Observer<ServerRequest>;
  /** Reports an unexpected error to `observe`. */
  readonly report: (error: unknown) => void;
  /** The current signing key. */
  readonly key: () => SigningKey;
  /** Also resolves the server's own keys. */
  readonly discovery: Discovery;
  /** Sends a request to another server. */
  readonly call: CallServer;
  readonly interactionUrl: string;
  readonly pendingSeconds: number;
  readonly pollSeconds: number;
}

/** Functions of every server. */
export interface Server<Metadata> {
  /**
   * Answers a request to one of the endpoints below `/aauth/`, or for one of the documents.
   *
   * @returns undefined for any other path
   */
  handle(request: ServerRequest): Promise<Answer | undefined>;
  /** The published metadata document. */
  readonly metadata: Metadata;
  /**
   * Opens the request of a code that a person has entered. A code is valid once.
   *
   * @param from source of the attempt, such as an address or a session. After 20 different wrong
   * codes in ten minutes the result for any code of a source is `too_many_codes`, and nothing is
   * used up: respond with 429
   * @param isFor whether the request is for this person; for others the code remains valid.
   * Default: always true
   * @returns `invalid_code` for a code that opens nothing: respond with 410
   */
  open(
    code: string,
    from: string,
    isFor?: (request: AskedRequest) => boolean,
  ): Promise<WaitingRequest | CodeRefusal>;
  /**
   * Requests that wait for a decision, oldest first, including those without a code.
   *
   * @param decider a person; at an access server a resource
   */
  waiting(decider: string): Promise<readonly WaitingRequest[]>;
  /** A request by its reference; undefined after it has ended. */
  find(reference: string): Promise<WaitingRequest | undefined>;
  /** Ends a request whose page was left without a decision. The caller receives `abandoned`. */
  abandon(reference: string): Promise<PageResult>;
  /**
   * Asks the caller, an agent or a person server, a question (section 7.5). The answer is then in
   * the request.
   */
  ask(reference: string, clarification: Clarification): Promise<PageResult>;
  /** Waits at most `waitSeconds` until the question is answered or the request has ended. */
  answered(reference: string, waitSeconds: number): Promise<void>;
  /**
   * Whether the browser may return to a `callback`: the agent provider's, a loopback address that
   * it allows, or one at this server.
   */
  mayReturnTo(agent: AgentIdentity, callback: string): Promise<boolean>;
}
