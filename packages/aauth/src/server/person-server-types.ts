/**
 * Options and functions of a person server, and the members of its requests.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { PersonServerMetadata } from "../draft-11/documents.ts";
import type { Limit } from "../store/limit.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import type { TokenName } from "./issued-tokens.ts";
import type { PendingRecord } from "./pending-types.ts";
import type { AgentTokenName, PersonRecords } from "./person-records.ts";
import type { Server, ServerContext, ServerOptions } from "./server-types.ts";
import type { PairWork, TokenPair } from "./token-pair.ts";
import type {
  AgentIdentity,
  AskedRequest,
  Decide,
  DownstreamResult,
  Grant,
  GrantedToken,
  PageResult,
  WaitingRequest,
} from "./types.ts";

/** Options of a person server. */
export interface PersonServerOptions extends ServerOptions<PersonServerMetadata> {
  /**
   * At least 32 random bytes, kept for good: with another secret every resource meets every person
   * for the first time.
   */
  readonly subjectSecret: Uint8Array<ArrayBuffer>;
  /**
   * Policy for requests. Default: what a person has agreed to before is granted, and anything else
   * is for them to decide at the page. After `revokeAgent` a grant is the person's to decide, too,
   * until they allow the agent something again.
   */
  readonly decide?: Decide | undefined;
  /**
   * The person of an agent that the deployment knows already. Default: the first person who
   * authorizes an agent.
   */
  readonly personOf?: ((agent: AgentIdentity) => Awaitable<string | undefined>) | undefined;
  /**
   * Claims of a person that an access server asks for. Default: none are sent. `sub` is never sent.
   */
  readonly claimsOf?:
    | ((
        person: string,
        names: readonly string[],
        asked: AskedRequest,
      ) => Awaitable<Readonly<Record<string, unknown>>>)
    | undefined;
  /**
   * Access servers that are asked for tokens. Default: none; their resource tokens are refused
   * before anything is fetched.
   */
  readonly accessServers?: TrustPolicy | undefined;
  /** Agent providers whose agents may ask. Default: any that discovery can reach. */
  readonly agentProviders?: TrustPolicy | undefined;
  /**
   * Whether the server can reach a person itself, to relay pages and questions of agents. Default:
   * it cannot.
   */
  readonly canReach?: ((person: string) => Awaitable<boolean>) | undefined;
}

/**
 * A person server, and what the pages of its owner need. Before a page calls a function it
 * authenticates the person (section 13.13).
 */
export interface PersonServer extends Server<PersonServerMetadata> {
  /** Notes that the person has come to the request, by another way than its code. */
  engage(reference: string): Promise<PageResult>;
  /**
   * The person agrees to what they have seen: it is remembered, and the agent is theirs from now
   * on. Ends an interaction that was relayed.
   *
   * @param decision.version of the {@link WaitingRequest} that they have seen
   */
  approve(
    reference: string,
    decision: { readonly person: string; readonly version: number } & Grant,
  ): Promise<PageResult>;
  /** The person refuses. The agent hears `denied`. */
  deny(reference: string, options: { readonly person: string }): Promise<PageResult>;
  /** Answers a question of an agent. */
  answer(
    reference: string,
    options: { readonly person: string; readonly answer: string },
  ): Promise<PageResult>;
  /**
   * The person comes back from the resource's own page: the last segment of the callback, and the
   * `error` parameter if there was one.
   *
   * @returns the request to go on with; undefined where it has ended
   */
  returned(callback: string, error?: string): Promise<WaitingRequest | undefined>;
  /** Tokens that agents of a person hold. */
  grants(person: string): Promise<readonly GrantedToken[]>;
  /**
   * Revokes a token, with all that follow from it, at every party that it was shown to. Undefined
   * for a token that is not this person's.
   */
  revoke(person: string, token: TokenName): Promise<readonly DownstreamResult[] | undefined>;
  /**
   * Takes back everything an agent has of a person, and what they have agreed to; the next grant is
   * the person's to decide. The agent stays theirs. Of an agent that other agents call, and that
   * belongs to no person, what it has of this one. Undefined for an agent that has nothing of this
   * person.
   */
  revokeAgent(person: string, agent: AgentIdentity): Promise<readonly DownstreamResult[] | undefined>;
}

/** Members of a pending request that it is carried out with. Plain data. */
export interface PersonWork extends PairWork {
  readonly agentTokens: readonly AgentTokenName[];
  readonly upstream?: TokenName | undefined;
  /** Times that the agent's access had been taken away when the request was decided on. */
  revocations?: number;
  /** For an access server, as members of a request. */
  tokens: {
    readonly agent_token: string;
    readonly subagent_token?: string | undefined;
    readonly upstream_token?: string | undefined;
  } & Partial<TokenPair>;
  /** The resource's own page. */
  first?:
    | { readonly url: string; readonly code: string; readonly callback: string; isDone: boolean }
    | undefined;
  access?: AccessState;
  /** Unix seconds: a relay ends then at the latest. */
  readonly resolveAt?: number | undefined;
}

/** State of a request at an access server. Plain data. */
export interface AccessState {
  /** Its pending URL. */
  readonly location: string;
  /** Unix seconds: not asked again before. */
  readonly notBefore: number;
}

export type PersonPending = PendingRecord<PersonWork>;

/** Context of the endpoints of a person server. */
export interface PersonContext extends ServerContext<PersonWork> {
  readonly options: PersonServerOptions;
  readonly records: PersonRecords;
  /** A person as a resource knows them. */
  readonly subjectOf: (person: string, resource: string) => Promise<string>;
  /** Resources that agents have named. */
  readonly named: Limit;
}
