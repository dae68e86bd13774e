/**
 * Options and functions that a person server and an access server have in common.
 *
 * @module
 */

import type { AgentObserver } from "../agent/events.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { Transport } from "../discovery/transport.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { Answer } from "../profile/resource-rules.ts";
import type { VerificationOutcome } from "../resource/types.ts";
import type { Stores } from "../store/stores.ts";
import type { SigningKey } from "../types.ts";
import type { TokenName } from "./issued-tokens.ts";
import type { PendingRequests } from "./pending-requests.ts";
import type { CallServer } from "./server-calls.ts";
import type {
  AgentIdentity,
  AskedRequest,
  Clarification,
  PageResult,
  ServerRequest,
  WaitingRequest,
} from "./types.ts";

/**
 * One key, or those of a key ring: the current one signs, the published ones are found by others.
 */
export type ServerKey = SigningKey | Pick<KeyRing, "current" | "published">;

/** The options of every server. */
export interface ServerOptions<Metadata> {
  /** Own server identifier: `https://` and a host. */
  readonly issuer: string;
  /** Signs tokens, and requests to other servers. */
  readonly key: ServerKey;
  /** Finds the keys of agents, resources and other servers: `createDiscovery()`. */
  readonly discovery: Discovery;
  /** The page where persons, or a resource's owners, decide. Default `{issuer}/interaction`. */
  readonly interactionUrl?: string | undefined;
  /** Members of the document beside the endpoints: name, logo, `scopes_supported`, … */
  readonly metadata?: Partial<Omit<Metadata, "issuer">> | undefined;
  /**
   * Stores of all that outlives a request; replicas share them. Default: `createMemoryStores()`.
   */
  readonly stores?: Stores | undefined;
  /** Sends requests to other servers. Default: to public addresses only. */
  readonly transport?: Transport | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** Seconds that a request waits for a decision. Default 600. */
  readonly pendingSeconds?: number | undefined;
  /** `Retry-After` of pending answers. Default 1. */
  readonly pollSeconds?: number | undefined;
  /**
   * Receives what callers hear as `server_error` or `as_unreachable`, and pairs of tokens of which
   * one has been exchanged. Default: nothing does.
   */
  readonly log?: ((error: unknown) => void) | undefined;
  /**
   * Receives each verification. What it throws goes to `log`, and changes no answer. Default: none.
   */
  readonly observer?: ((event: VerificationOutcome, request: ServerRequest) => void) | undefined;
  /**
   * Receives `request_signed` of each request to another server, right before `transport` does, and
   * `response_received`. What it throws is ignored. Default: none.
   */
  readonly callObserver?: AgentObserver | undefined;
}

/** Parts of a server that follow from its options. */
export interface ServerParts {
  readonly issuer: string;
  readonly now: () => number;
  readonly log: (error: unknown) => void;
  /** The key that signs now. */
  readonly key: () => SigningKey;
  /** Knows the server's own keys, too. */
  readonly discovery: Discovery;
  /** Sends a request to another server. */
  readonly call: CallServer;
  readonly interactionUrl: string;
  readonly pendingSeconds: number;
  readonly pollSeconds: number;
}

/**
 * Context of the endpoints of a server.
 *
 * @typeParam Work members of a request that it is carried out with
 */
export interface ServerContext<Work> extends ServerParts {
  /** Whether a token is revoked: by its issuer, or as one of the server's own. */
  readonly isRevoked: (token: TokenName) => Promise<boolean>;
  readonly pending: PendingRequests<Work>;
}

/** The functions of every server. */
export interface Server<Metadata> {
  /**
   * Answers a request to one of the endpoints below `/aauth/`, or for one of the documents.
   *
   * @returns undefined for any other path
   */
  handle(request: ServerRequest): Promise<Answer | undefined>;
  /** The document that it publishes. */
  readonly metadata: Metadata;
  /**
   * A person comes to the page with a code, which is good once.
   *
   * @param from who tries, as the page knows it: an address, or a session. Each may try 20
   * different codes in ten minutes.
   * @param isFor whether the request is for this person. For any other its code stays valid.
   * Default: for each.
   * @returns undefined for a code that is not good: answer 410 `invalid_code`
   */
  open(
    code: string,
    from: string,
    isFor?: (request: AskedRequest) => boolean,
  ): Promise<WaitingRequest | undefined>;
  /**
   * Requests that wait for a decision, oldest first: also those that no code leads to.
   *
   * @param decider a person; at an access server a resource
   */
  waiting(decider: string): Promise<readonly WaitingRequest[]>;
  /** A request by its reference; undefined once it has ended. */
  find(reference: string): Promise<WaitingRequest | undefined>;
  /** The page was left without a decision. The caller hears `abandoned`. */
  abandon(reference: string): Promise<PageResult>;
  /**
   * Asks the caller something: an agent, or a person server (section 7.5). Its answer is in the
   * request afterwards.
   */
  ask(reference: string, clarification: Clarification): Promise<PageResult>;
  /**
   * Waits until what was asked is answered, or the request has ended; for so many seconds at most.
   */
  answered(reference: string, waitSeconds: number): Promise<void>;
  /**
   * Whether the browser may be sent on to a `callback` that came with the code: the agent
   * provider's, a loopback address it allows, or one of our own.
   */
  mayReturnTo(agent: AgentIdentity, callback: string): Promise<boolean>;
}
