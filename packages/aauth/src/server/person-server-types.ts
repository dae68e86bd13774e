/**
 * Options and functions of a person server, and data of its requests.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { PersonServerMetadata } from "../draft-11/documents.ts";
import type { Limit } from "../store/limit.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import type { TokenName } from "./issued-tokens.ts";
import type { MissionName, Missions } from "./missions.ts";
import type { AgentTokenName, PersonRecords } from "./person-records.ts";
import type { RequestRecord } from "./request-types.ts";
import type { ServerContext } from "./server-context.ts";
import type { Server, ServerOptions } from "./server-types.ts";
import type { PairWork, TokenPair } from "./token-pair.ts";
import type {
  AgentIdentity,
  AskedRequest,
  Decide,
  DownstreamResult,
  Grant,
  HeldTokenRecord,
  Mission,
  MissionEntry,
  PageResult,
  WaitingRequest,
} from "./types.ts";

/** Options of a person server. */
export interface PersonServerOptions extends ServerOptions<PersonServerMetadata> {
  /**
   * At least 32 random bytes, never changed: another secret changes the identifier of every person
   * at every resource.
   */
  readonly subjectSecret: Uint8Array<ArrayBuffer>;
  /**
   * Policy for requests. Default: grants earlier consent, and sends anything else to the person's
   * page. After `revokeAgent`, the person also decides on grants, until they consent to one again.
   */
  readonly decide?: Decide | undefined;
  /**
   * The person of an agent, if known to the deployment. Default: the first person who authorizes
   * the agent.
   */
  readonly personOf?: ((agent: AgentIdentity) => Awaitable<string | undefined>) | undefined;
  /** Claims of a person for an access server. Default: none. `sub` is never sent. */
  readonly claimsOf?:
    | ((
        person: string,
        names: readonly string[],
        asked: AskedRequest,
      ) => Awaitable<Readonly<Record<string, unknown>>>)
    | undefined;
  /**
   * Trusted access servers. Default: none; resource tokens for access servers are refused before
   * anything is fetched.
   */
  readonly accessServers?: TrustPolicy | undefined;
  /** Agent providers whose agents may request tokens. Default: any that discovery can reach. */
  readonly agentProviders?: TrustPolicy | undefined;
  /**
   * Whether agents may propose missions, ask for permissions and record actions. The pages must
   * show what `kind` names: mission, update, completion and permission. Default false.
   */
  readonly missions?: boolean | undefined;
  /**
   * Whether the server can reach a person itself, to relay pages and questions of agents. Default:
   * false.
   */
  readonly canReach?: ((person: string) => Awaitable<boolean>) | undefined;
}

/**
 * A person server, and functions for its pages. A page must authenticate the person before it calls
 * one (section 13.13).
 */
export interface PersonServer extends Server<PersonServerMetadata> {
  /** Records that the person has reached the request without its code. */
  engage(reference: string): Promise<PageResult>;
  /**
   * Grants a request that the person has seen, records the consent, and binds the agent to the
   * person. Ends a relayed interaction. Consent to a request with `calledBy` is for this caller
   * alone.
   *
   * @param decision.version version of the {@link WaitingRequest} that was shown
   * @param decision.chain what the page named besides: that agents of the requested resource may
   * identify the person to these `resources` when this agent calls them. Default: none
   */
  approve(
    reference: string,
    decision: {
      readonly person: string;
      readonly version: number;
      readonly chain?: readonly string[] | undefined;
    } & Grant,
  ): Promise<PageResult>;
  /**
   * Refuses a request. The agent receives `denied`, and a consent to a request that was approved
   * but not yet executed ends.
   */
  deny(reference: string, options: { readonly person: string }): Promise<PageResult>;
  /** Answers an agent's question. */
  answer(
    reference: string,
    options: { readonly person: string; readonly answer: string },
  ): Promise<PageResult>;
  /**
   * Handles the person's return from the resource's own page, given the last segment of the
   * callback and the `error` parameter, if any.
   *
   * @returns the request to continue with; undefined if it has ended
   */
  returned(callback: string, error?: string): Promise<WaitingRequest | undefined>;
  /** Tokens held by agents of a person. */
  issuedTokens(person: string): Promise<readonly HeldTokenRecord[]>;
  /**
   * Revokes a token and all tokens derived from it, at every party that received it. Undefined for
   * another person's token.
   */
  revoke(person: string, token: TokenName): Promise<readonly DownstreamResult[] | undefined>;
  /**
   * Revokes all tokens of an agent for a person, and their consent; the person must decide on the
   * next grant. The agent remains bound to the person. For an intermediary bound to no person, it
   * revokes the tokens for this person. Undefined for an agent without tokens or binding for this
   * person.
   */
  revokeAgent(person: string, agent: AgentIdentity): Promise<readonly DownstreamResult[] | undefined>;
  /** Missions of a person, by their last change, ended ones included. */
  missions(person: string): Promise<readonly Mission[]>;
  /** A mission of a person; undefined for an absent one, and for another person's. */
  mission(person: string, s256: string): Promise<Mission | undefined>;
  /**
   * Entries of the log of a mission, from the number `from` on (default 0), at most `limit`
   * (default 100). Empty for another person's.
   */
  missionLog(
    person: string,
    s256: string,
    page?: { readonly from?: number | undefined; readonly limit?: number | undefined },
  ): Promise<readonly MissionEntry[]>;
  /**
   * Pauses a mission, or continues it: the person decides on each of its requests, and its tokens
   * are revoked. Undefined for another person's, and after its end.
   */
  pauseMission(
    person: string,
    s256: string,
    isPaused: boolean,
  ): Promise<readonly DownstreamResult[] | undefined>;
  /**
   * Ends a mission for good, and revokes its tokens.
   *
   * @param reason one of section 8.6. Default `revoked`
   * @returns undefined for another person's
   */
  endMission(person: string, s256: string, reason?: string): Promise<readonly DownstreamResult[] | undefined>;
}

/** Data for executing a deferred request. Plain data. */
export interface PersonWork extends PairWork {
  readonly agentTokens: readonly AgentTokenName[];
  readonly upstream?: TokenName | undefined;
  /** Number of revocations of the agent's access at the time of the decision. */
  revocations?: number;
  /** Tokens for a request to an access server. */
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
  /** Latest end of a relay, Unix seconds. */
  readonly resolveAt?: number | undefined;
  /** The mission of the request, and the number of the request in its log. */
  readonly mission?: MissionName | undefined;
  readonly logged?: number | undefined;
  /** When the person approved it, Unix seconds. */
  approvedAt?: number;
}

/** State of a request at an access server. Plain data. */
export interface AccessState {
  /** Its pending URL. */
  readonly location: string;
  /** Time of the next poll, Unix seconds. */
  readonly notBefore: number;
}

export type PersonRequest = RequestRecord<PersonWork>;

/** Context of the endpoints of a person server. */
export interface PersonContext extends ServerContext<PersonWork> {
  readonly options: PersonServerOptions;
  readonly records: PersonRecords;
  readonly missions: Missions;
  /** Pairwise identifier of a person at a resource. */
  readonly subjectOf: (person: string, resource: string) => Promise<string>;
  /** Limit of the resources that agents may name. */
  readonly named: Limit;
}
