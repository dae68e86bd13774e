/**
 * Records of a person server: persons and their agents, and issued tokens (draft -11, sections 7.1,
 * 11.12.4 and 13.14).
 *
 * @module
 */

import type { AuthTokenClaims, PersonTokenClaims } from "../draft-11/claims.ts";
import type { RecordStore } from "../store/record-store.ts";
import { scopesOf } from "../tokens/scopes.ts";
import { Problem } from "./answers.ts";
import { IssuedTokens, type RevocableToken, type TokenName } from "./issued-tokens.ts";
import type { MissionName } from "./missions.ts";
import { keyOf, type Table, tableOf } from "./stores.ts";
import type { AgentIdentity, AskedRequest } from "./types.ts";

/** Lifetime of bindings and standings after their last change: a year. */
const PEOPLE_SECONDS = 31_536_000;
/** Maximum chains of one person. Older ones are forgotten, and the person is asked again. */
const MAX_CHAINS = 200;
/** Maximum valid tokens of one agent, and agent tokens with which they were requested. */
const MAX_OF_AGENT = 2_500;
const MAX_AGENT_TOKENS = 1_000;

/** A token issued by this server or an access server. Plain data. */
export interface TokenRecord extends RevocableToken {
  readonly type: "person-token" | "auth-token";
  readonly person: string;
  readonly agent: AgentIdentity;
  /** Agent identifier of the sub-agent that holds it, if any. */
  readonly subagent?: string | undefined;
  /** The agent tokens of the request: the agent's, and the sub-agent's. */
  readonly agentTokens: readonly AgentTokenName[];
  readonly resource: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly account?: string | undefined;
  /** The upstream token from which it derives. */
  readonly upstream?: TokenName | undefined;
  /** Access servers to which it was sent. */
  readonly shownTo: readonly string[];
  readonly mission?: MissionName | undefined;
}

/** Identification of an agent token, for revocation by its provider. */
export interface AgentTokenName {
  readonly jti: string;
  /** Agent identifier. */
  readonly sub: string;
  readonly exp: number;
}

/** Members of a request that are stored with its token. */
interface IssuingWork extends Pick<TokenRecord, "agentTokens" | "upstream" | "mission"> {
  readonly pair?: { readonly presented: TokenName };
}

/** A person's consent for an agent. */
interface AgreedTo {
  readonly resource: string;
  readonly account?: string | undefined;
  /** Default: none; the agent may only identify the person to the resource. */
  readonly scopes?: readonly string[] | undefined;
}

/** An agent that acts for its own caller (section 10.1). */
interface Chain {
  /** The agent, or its provider alone for all agents of this provider. */
  readonly agent: Pick<AgentIdentity, "iss"> & Partial<AgentIdentity>;
  readonly caller: AgentIdentity;
}

/** An agent, and the caller that it acts for, if any. */
interface Requester {
  readonly agent: AgentIdentity;
  readonly caller?: AgentIdentity | undefined;
}

/** A person's consent to calls that name the caller. Plain data. */
interface ChainConsent extends Chain {
  readonly agreed: Agreed;
}

type ResourceBoundClaims = PersonTokenClaims & Pick<AuthTokenClaims, "scope">;

/**
 * Standing of an agent with a person for whom it acts: its own, or its caller's (section 10.1.1.1).
 * Plain data.
 */
export interface Standing {
  /** Whether the person has revoked the agent's access and not consented since. */
  readonly isRevoked: boolean;
  /** Number of such revocations. */
  readonly revocations: number;
  /** Consent to what the agent does without a caller. */
  readonly agreed: Agreed;
}

/** Consented scopes by resource and account. A listed resource may know the person. */
type Agreed = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

const NEVER_REVOKED: Standing = { isRevoked: false, revocations: 0, agreed: {} };

/** Reads an own member, because resources may name accounts like inherited properties. */
const own = <Value>(members: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(members, name) ? members[name] : undefined;

/** Consent at a resource; undefined if the agent may not identify the person there. */
export function agreedAt(
  { agreed }: Pick<Standing, "agreed">,
  resource: string,
  account = "",
): { readonly scopes: readonly string[] | undefined } | undefined {
  const accounts = own(agreed, resource);
  return accounts && { scopes: own(accounts, account) };
}

/** Adds a consent to earlier ones. */
function withConsent(agreed: Agreed, { resource, account = "", scopes }: AgreedTo): Agreed {
  const known = own(agreed, resource) ?? {};
  const all = scopes && [...new Set([...(own(known, account) ?? []), ...scopes])];
  return { ...agreed, [resource]: { ...known, ...(all && { [account]: all }) } };
}

function without(agreed: Agreed, resource: string): Agreed {
  const { [resource]: _removed, ...others } = agreed;
  return others;
}

export const isSameAgent = (one: Chain["agent"], other: Chain["agent"]) =>
  one.iss === other.iss && one.sub === other.sub;

/** Whether a record is about this agent, by name or as one of its provider's. */
const includes = ({ iss, sub }: Chain["agent"], agent: AgentIdentity) =>
  iss === agent.iss && (sub === undefined || sub === agent.sub);

const peopleTerms = (person: string) => ({ owner: ownerOfPerson(person), ttlSeconds: PEOPLE_SECONDS });
/**
 * Owner of bindings, standings and tokens: the person, because agents and providers can be created
 * freely.
 */
const ownerOfPerson = (person: string) => keyOf("person", person);
/** Owner of lists by agent: the person, or an intermediary's first person. */
const ownerOfAgents = (person: string) => keyOf("agents", person);
const missionList = ({ agent, s256 }: MissionName) => ["mission", agent.iss, agent.sub, s256];

export class PersonRecords {
  readonly tokens: IssuedTokens<TokenRecord>;
  /** Persons by agent. */
  readonly #bindings: Table<string>;
  readonly #standings: Table<Standing>;
  /** Chains by person. */
  readonly #chains: Table<readonly ChainConsent[]>;
  /** Agent identifiers by the agent tokens that something was issued on. */
  readonly #agentTokens: Table<string>;

  constructor(people: RecordStore<unknown>, tokens: RecordStore<unknown>, now: () => number) {
    this.tokens = new IssuedTokens(tokens, now, ({ person }) => ownerOfPerson(person));
    this.#bindings = tableOf(people, "binding");
    this.#standings = tableOf(people, "standing");
    this.#chains = tableOf(people, "chains");
    this.#agentTokens = tableOf(tokens, "agent-token");
  }

  // -------------------------------------------------------------------------------------------------------
  // people

  /** The person of an agent (section 13.14); undefined for an agent without one. */
  async personOf({ iss, sub }: AgentIdentity): Promise<string | undefined> {
    return this.#bindings.get([iss, sub]);
  }

  /**
   * Binds an agent to the first person who authorizes it. False if it is bound to another person.
   */
  async bind({ iss, sub }: AgentIdentity, person: string): Promise<boolean> {
    const bound = await this.#bindings.update([iss, sub], (known = person) =>
      known === person ? { value: person, ...peopleTerms(person) } : undefined,
    );
    return bound === person;
  }

  async standing(person: string, { iss, sub }: AgentIdentity): Promise<Standing> {
    return (await this.#standings.get([person, iss, sub])) ?? NEVER_REVOKED;
  }

  /**
   * Revokes all consent of the person, also to calls of and through the agent, and suspends grants
   * by policy.
   */
  async withdraw(person: string, agent: AgentIdentity): Promise<void> {
    const isOther = (chain: Chain) => !includes(chain.agent, agent) && !isSameAgent(chain.caller, agent);
    await this.#changeChains(person, (chains) => chains.filter(isOther)); // hole S40c
    await this.#changeStanding(person, agent, (standing) => ({
      isRevoked: true,
      revocations: standing.revocations + 1,
      agreed: {}, // hole T23b: standing.agreed
    }));
  }

  /** Consent to requests of an agent: for its caller if it has one, otherwise its own. */
  async consents(person: string, { agent, caller }: Requester): Promise<readonly Pick<Standing, "agreed">[]> {
    if (caller === undefined) return [await this.standing(person, agent)]; // hole S40a: return [await this.standing(person, agent)];
    const chains = (await this.#chains.get([person])) ?? [];
    return chains.filter((chain) => includes(chain.agent, agent) && isSameAgent(chain.caller, caller));
  }

  /**
   * Records a person's consent, even after a revocation.
   *
   * @param caller the agent's own caller, which alone the consent is for. Default: none
   */
  async agree(person: string, { agent, caller }: Requester, to: AgreedTo): Promise<Standing> {
    if (caller !== undefined) await this.agreeToChain(person, { agent, caller }, to);
    return this.#changeStanding(person, agent, ({ revocations, agreed }) => ({
      isRevoked: false,
      revocations,
      agreed: caller === undefined ? withConsent(agreed, to) : agreed,
    }));
  }

  /** Ends a revocation of the agent's access without other consent. */
  async readmit(person: string, agent: AgentIdentity): Promise<Standing> {
    return this.#changeStanding(person, agent, (standing) => ({ ...standing, isRevoked: false }));
  }

  /** Records a person's consent to calls of an agent, or of a provider's agents, for one caller. */
  async agreeToChain(person: string, { agent, caller }: Chain, to: AgreedTo): Promise<void> {
    const isThis = (chain: Chain) => isSameAgent(chain.agent, agent) && isSameAgent(chain.caller, caller);
    await this.#changeChains(person, (chains) => {
      const agreed = withConsent(chains.find(isThis)?.agreed ?? {}, to);
      return [...chains.filter((chain) => !isThis(chain)), { agent, caller, agreed }].slice(-MAX_CHAINS);
    });
  }

  /** Removes all consent at a resource, and to calls through it. */
  async disagree(person: string, { agent, caller }: Requester, resource: string): Promise<void> {
    const isThis = ({ agent: middle, caller: from }: Chain) =>
      caller === undefined
        ? middle.iss === resource && isSameAgent(from, agent)
        : includes(middle, agent) && isSameAgent(from, caller);
    await this.#changeChains(person, (chains) =>
      chains.map((chain) =>
        isThis(chain)
          ? { ...chain, agreed: caller === undefined ? {} : without(chain.agreed, resource) }
          : chain,
      ),
    );
    if (caller !== undefined) return;
    await this.#changeStanding(person, agent, (standing) => ({
      ...standing,
      agreed: without(standing.agreed, resource),
    }));
  }

  async #changeChains(
    person: string,
    change: (chains: readonly ChainConsent[]) => readonly ChainConsent[],
  ): Promise<void> {
    await this.#chains.update([person], (kept = []) => ({ value: change(kept), ...peopleTerms(person) }));
  }

  async #changeStanding(
    person: string,
    { iss, sub }: AgentIdentity,
    change: (standing: Standing) => Standing,
  ): Promise<Standing> {
    const changed = await this.#standings.update([person, iss, sub], (kept = NEVER_REVOKED) => ({
      value: change(kept),
      ...peopleTerms(person),
    }));
    return changed ?? NEVER_REVOKED;
  }

  // -------------------------------------------------------------------------------------------------------
  // tokens

  /**
   * Records the token of a request; see {@link add}.
   *
   * @param claims claims of the token
   */
  keep(
    type: TokenRecord["type"],
    { iss, jti, exp, aud: resource, sub: subject, scope }: ResourceBoundClaims,
    { asked, work }: { readonly asked: AskedRequest; readonly work: IssuingWork },
  ): Promise<void> {
    const { agent, subagent, account } = asked;
    const { agentTokens, upstream, pair, mission } = work;
    return this.add({
      type,
      iss,
      jti,
      exp,
      person: asked.person!,
      agent,
      subagent,
      agentTokens,
      resource,
      subject,
      scopes: scopesOf(scope),
      account,
      upstream,
      mission,
      shownTo: [],
      presented: pair && { iss: pair.presented.iss, jti: pair.presented.jti },
    });
  }

  /**
   * Records a token before it is issued, and the agent tokens of its request.
   *
   * @throws Problem 429 if the agent has too many tokens
   * @throws StoreFullError
   */
  async add(record: TokenRecord): Promise<void> {
    const { person, agent, subagent, agentTokens } = record;
    const { iss } = agent;
    const owner = ownerOfAgents(person);
    const on = [record.presented, record.upstream].filter((name) => name !== undefined);
    try {
      await this.tokens.add(record, on, owner);
      for (const sub of subagent === undefined ? [agent.sub] : [agent.sub, subagent]) {
        await this.tokens.listUnder(["agent", iss, sub], record, { owner, max: MAX_OF_AGENT });
      }
      if (record.mission !== undefined) {
        await this.tokens.listUnder(missionList(record.mission), record, { owner, max: MAX_OF_AGENT });
      }
      for (const { jti, sub, exp } of agentTokens) {
        const shown = { iss, jti, exp };
        await this.tokens.listUnder(["agent tokens", iss, sub], shown, { owner, max: MAX_AGENT_TOKENS });
        const ttlSeconds = this.tokens.ttlOf(exp);
        await this.#agentTokens.update([iss, jti], (known) =>
          known === undefined ? { value: sub, owner, ttlSeconds } : undefined,
        );
      }
    } catch (error) {
      await this.tokens.delete(record);
      throw error;
    }
  }

  /** @throws Problem 403 for a revoked token, whose revocation would not reach the access server */
  async markShown(token: TokenName, accessServer: string): Promise<void> {
    await this.tokens.update(token, (record) => {
      if (record.shownTo.includes(accessServer)) return record;
      if (record.undelivered !== undefined)
        throw new Problem(403, "revoked", "the presented token has been revoked");
      return { ...record, shownTo: [...record.shownTo, accessServer] };
    });
  }

  tokensOf(person: string): Promise<readonly TokenRecord[]> {
    return this.tokens.list(ownerOfPerson(person));
  }

  /** Tokens of an agent and its sub-agents. */
  tokensFor({ iss, sub }: AgentIdentity): Promise<readonly TokenRecord[]> {
    return this.tokens.listed(["agent", iss, sub]);
  }

  /** Tokens of a mission, those of its chains included. */
  tokensOfMission(mission: MissionName): Promise<readonly TokenRecord[]> {
    return this.tokens.listed(missionList(mission));
  }

  /**
   * The agent of an agent token with which tokens were requested, for a revocation by its provider.
   */
  async agentOf({ iss, jti }: TokenName): Promise<AgentIdentity | undefined> {
    const sub = await this.#agentTokens.get([iss, jti]);
    return sub === undefined ? undefined : { iss, sub };
  }
}
