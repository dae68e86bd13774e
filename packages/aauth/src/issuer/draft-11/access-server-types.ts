/**
 * What an access server is configured with, and what it does.
 *
 * @module
 */

import type { Discovery } from "../../discovery/discovery.ts";
import type { Transport } from "../../discovery/transport.ts";
import type { ReplayStore } from "../../http-signatures/replay.ts";
import type { AccessServerMetadata } from "../../profiles/draft-11/documents.ts";
import type { Answer } from "../../profiles/wire-profile.ts";
import type { TrustPolicy } from "../../tokens/trust.ts";
import type { ServerKey } from "./server-frame.ts";
import type { OpenStore } from "./stores.ts";
import type {
  Clarification,
  Decide,
  DownstreamResult,
  Grant,
  PageResult,
  ServerRequest,
  WaitingRequest,
} from "./types.ts";

/** What an access server is configured with. */
export interface AccessServerOptions {
  /** Own server identifier: `https://` and a host. */
  readonly issuer: string;
  /** Signs tokens, and requests to resources. */
  readonly key: ServerKey;
  /** Finds the keys of agents, resources and person servers: `createDiscovery({ profile: draft11 })`. */
  readonly discovery: Discovery;
  /** Resources that it decides for. Others' resource tokens are refused before anything is fetched. */
  readonly resources: TrustPolicy;
  /** Person servers that may ask. Others are refused before anything is fetched. */
  readonly personServers: TrustPolicy;
  /** What to do with a request. There is no default: the resource's policy is what an access server is for. */
  readonly decide: Decide;
  /** The page where persons or owners decide. Default `{issuer}/interaction`. */
  readonly interactionUrl?: string | undefined;
  /** What the document says beside the endpoints: name, logo, … */
  readonly metadata?: Partial<Omit<AccessServerMetadata, "issuer">> | undefined;
  /** Where what outlives a request is kept. Default: in memory, for this process. */
  readonly store?: OpenStore | undefined;
  /** Default: in memory, for this process. */
  readonly replayStore?: ReplayStore | undefined;
  /** Sends revocations to resources. Default: to public addresses only. */
  readonly transport?: Transport | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** How long a request waits for a decision. Default 600. */
  readonly pendingSeconds?: number | undefined;
  /** `Retry-After` of pending answers. Default 1. */
  readonly pollSeconds?: number | undefined;
  /** Receives what callers hear as `server_error`, and pairs of tokens of which one has been exchanged. Default: nothing does. */
  readonly log?: ((error: unknown) => void) | undefined;
}

/** An access server, and what the page of its owner needs. Whoever calls the page's functions has authenticated who decides. */
export interface AccessServer {
  /**
   * Answers a request to one of the endpoints below `/aauth/access/`, or for one of the documents.
   *
   * @returns undefined for any other path
   */
  handle(request: ServerRequest): Promise<Answer | undefined>;
  /** What it publishes as `aauth-access.json`. */
  readonly metadata: AccessServerMetadata;
  /** Somebody comes to the page with a code, which is good once. The same as at a person server. */
  open(code: string, from: string): Promise<WaitingRequest | undefined>;
  /** Requests about a resource that wait for a decision, oldest first: also those that no code leads to. */
  waiting(resource: string): Promise<readonly WaitingRequest[]>;
  /** A request by its reference; undefined once it has ended. */
  find(reference: string): Promise<WaitingRequest | undefined>;
  /** @param decision.version of the {@link WaitingRequest} that was seen */
  approve(reference: string, decision: { readonly version: number } & Grant): Promise<PageResult>;
  deny(reference: string): Promise<PageResult>;
  abandon(reference: string): Promise<PageResult>;
  /** Asks the person server something. */
  ask(reference: string, clarification: Clarification): Promise<PageResult>;
  /** Takes an auth token back, with those that were issued on it. Undefined for one that was not issued here, or is over. */
  revoke(jti: string): Promise<readonly DownstreamResult[] | undefined>;
}
