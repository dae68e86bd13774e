/**
 * What a person server is configured with, and what it is: the options, the functions for pages, and what it keeps of a request.
 *
 * @module
 */

import type { Awaitable } from "../../crypto/interface.ts";
import type { Discovery } from "../../discovery/discovery.ts";
import type { Transport } from "../../discovery/transport.ts";
import type { ReplayStore } from "../../http-signatures/replay.ts";
import type { ResourceTokenClaims } from "../../profiles/draft-11/claims.ts";
import type { PersonServerMetadata } from "../../profiles/draft-11/documents.ts";
import type { Answer } from "../../profiles/wire-profile.ts";
import type { TrustPolicy } from "../../tokens/trust.ts";
import type { PublicJwk } from "../../types.ts";
import type { AccessState } from "./federation.ts";
import type { PendingRecord } from "./pending-types.ts";
import type { TokenName } from "./person-records.ts";
import type { ServerKey } from "./server-frame.ts";
import type { OpenStore } from "./stores.ts";
import type {
  AgentIdentity,
  AskedRequest,
  Clarification,
  Decide,
  DownstreamResult,
  Grant,
  GrantedToken,
  PageResult,
  ServerRequest,
  WaitingRequest,
} from "./types.ts";

/** What a person server is configured with. */
export interface PersonServerOptions {
  /** Own server identifier: `https://` and a host. */
  readonly issuer: string;
  /** Signs tokens, and requests to access servers and resources. */
  readonly key: ServerKey;
  /** Finds agents' and resources' keys: `createDiscovery({ profile: draft11 })`. */
  readonly discovery: Discovery;
  /** At least 32 random bytes, kept for good: with another secret every resource meets every person for the first time. */
  readonly subjectSecret: Uint8Array<ArrayBuffer>;
  /**
   * What to do with a request. Default: what a person has agreed to before is granted, and anything else is for them to decide at the page. After
   * `revokeAgent` a grant is the person's to decide, too, until they allow the agent something again.
   */
  readonly decide?: Decide | undefined;
  /** The person of an agent that the deployment knows already. Default: the first person who authorizes an agent. */
  readonly personOf?: ((agent: AgentIdentity) => Awaitable<string | undefined>) | undefined;
  /** Claims of a person that an access server asks for. Default: none are sent. `sub` is never sent. */
  readonly claimsOf?:
    | ((
        person: string,
        names: readonly string[],
        asked: AskedRequest,
      ) => Awaitable<Readonly<Record<string, unknown>>>)
    | undefined;
  /** Access servers that are asked for tokens. Default: none; their resource tokens are refused before anything is fetched. */
  readonly accessServers?: TrustPolicy | undefined;
  /** Agent providers whose agents may ask. Default: any that discovery can reach. */
  readonly agentProviders?: TrustPolicy | undefined;
  /** Whether there is a way to a person beside the agent's: for what agents relay and ask. Default: there is none. */
  readonly canReach?: ((person: string) => Awaitable<boolean>) | undefined;
  /** The page where persons decide. Default `{issuer}/interaction`. */
  readonly interactionUrl?: string | undefined;
  /** What the document says beside the endpoints: name, logo, `scopes_supported`, … */
  readonly metadata?: Partial<Omit<PersonServerMetadata, "issuer">> | undefined;
  /** Where what outlives a request is kept. Default: in memory, for this process. */
  readonly store?: OpenStore | undefined;
  /** Default: in memory, for this process. */
  readonly replayStore?: ReplayStore | undefined;
  /** Sends requests to access servers and resources. Default: to public addresses only. */
  readonly transport?: Transport | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** How long a request waits for a decision. Default 600. */
  readonly pendingSeconds?: number | undefined;
  /** `Retry-After` of pending answers. Default 1. */
  readonly pollSeconds?: number | undefined;
  /** Receives what callers hear as `server_error` or `as_unreachable`, and pairs of tokens of which one has been exchanged. Default: nothing does. */
  readonly log?: ((error: unknown) => void) | undefined;
}

/** For the pages of a server's owner. Whoever calls it has authenticated the person (section 13.13). */
export interface PersonServer {
  /**
   * Answers a request to one of the endpoints below `/aauth/`, or for one of the documents.
   *
   * @returns undefined for any other path
   */
  handle(request: ServerRequest): Promise<Answer | undefined>;
  /** What it publishes as `aauth-person.json`. */
  readonly metadata: PersonServerMetadata;
  /**
   * A person comes to the page with a code, which is good once.
   *
   * @param from who tries, as the page knows it: an address, or a session. Each may try 20 different codes in ten minutes.
   * @returns undefined for a code that is not good: answer 410 `invalid_code`
   */
  open(code: string, from: string): Promise<WaitingRequest | undefined>;
  /** Requests that wait for a person, oldest first: also those that no code leads to. */
  waiting(person: string): Promise<readonly WaitingRequest[]>;
  /** A request by its reference; undefined once it has ended. */
  find(reference: string): Promise<WaitingRequest | undefined>;
  /** Notes that the person has come to the request, by another way than its code. */
  engage(reference: string): Promise<PageResult>;
  /**
   * The person agrees to what they have seen: it is remembered, and the agent is theirs from now on. Ends an interaction that was relayed.
   *
   * @param decision.version of the {@link WaitingRequest} that they have seen
   */
  approve(
    reference: string,
    decision: { readonly person: string; readonly version: number } & Grant,
  ): Promise<PageResult>;
  /** The person refuses. The agent hears `denied`. */
  deny(reference: string, options: { readonly person: string }): Promise<PageResult>;
  /** The person has left without deciding. The agent hears `abandoned`. */
  abandon(reference: string): Promise<PageResult>;
  /** Asks the agent something (section 7.5). Its answer is in the request afterwards. */
  ask(reference: string, clarification: Clarification): Promise<PageResult>;
  /** Answers a question of an agent. */
  answer(
    reference: string,
    options: { readonly person: string; readonly answer: string },
  ): Promise<PageResult>;
  /**
   * The person comes back from the resource's own page: the last segment of the callback, and the `error` parameter if there was one.
   *
   * @returns the request to go on with; undefined where it has ended
   */
  returned(callback: string, error?: string): Promise<WaitingRequest | undefined>;
  /** Whether the browser may be sent on to a `callback` that came with the code: the agent provider's, a loopback address it allows, or one of our own. */
  mayReturnTo(agent: AgentIdentity, callback: string): Promise<boolean>;
  /** What agents of a person hold. */
  grants(person: string): Promise<readonly GrantedToken[]>;
  /** Takes a token back, with everything that came of it, at every party that it was shown to. Undefined for a token that is not this person's. */
  revoke(person: string, token: TokenName): Promise<readonly DownstreamResult[] | undefined>;
  /**
   * Takes back everything an agent has of a person, and what they have agreed to. The agent stays theirs. Of an agent that other agents call, and that belongs
   * to no person, what it has of this one. Undefined for an agent that has nothing of this person.
   */
  revokeAgent(person: string, agent: AgentIdentity): Promise<readonly DownstreamResult[] | undefined>;
}

/** What a pending request needs to be carried out. Plain data. */
export interface PersonWork {
  readonly agentJti: string;
  readonly agentExp: number;
  readonly confirmationKey: PublicJwk;
  readonly thumbprint: string;
  /** Unix seconds: no token that comes of it lives longer. */
  notAfter: number;
  readonly upstream?: TokenName;
  /** How often the agent's access had been taken away when the request was decided on. */
  revocations?: number;
  /** For an access server. */
  readonly tokens: { readonly agent: string; readonly subagent?: string; readonly upstream?: string };
  pair?: {
    readonly resourceToken: string;
    readonly presentedToken: string;
    readonly resource: ResourceTokenClaims;
    readonly presented: TokenName & { readonly exp: number };
  };
  /** The resource's own page. */
  first?: { readonly url: string; readonly code: string; readonly callback: string; isDone: boolean };
  access?: AccessState;
  /** Of a relay: it is over then at the latest. */
  readonly resolveAt?: number;
}

export type PersonPending = PendingRecord<PersonWork>;
