/**
 * Records of a person server: persons and their agents, and the tokens that are out (draft -11,
 * sections 7.1, 11.12.4 and 13.14).
 *
 * @module
 */

import type { AuthTokenClaims, PersonTokenClaims } from "../draft-11/claims.ts";
import type { RecordStore } from "../store/record-store.ts";
import { scopesOf } from "../tokens/scopes.ts";
import { Problem } from "./answers.ts";
import { IssuedTokens, type RevocableToken, type TokenName } from "./issued-tokens.ts";
import { keyOf, type Table, tableOf } from "./stores.ts";
import type { AgentIdentity, AskedRequest } from "./types.ts";

/** Bindings and standings are kept for a year after their last change. */
const PEOPLE_SECONDS = 31_536_000;
/**
 * Tokens of one agent that are valid at the same time, and agent tokens that they were issued on.
 */
const MAX_OF_AGENT = 2_500;
const MAX_AGENT_TOKENS = 1_000;

/** A token that was issued here, or had from an access server. Plain data. */
export interface TokenRecord extends RevocableToken {
  readonly type: "person-token" | "auth-token";
  readonly person: string;
  readonly agent: AgentIdentity;
  /** Agent identifier of the sub-agent that it is for, where it is one. */
  readonly subagent?: string | undefined;
  /** The agent tokens that were shown for it: its agent's, and the sub-agent's. */
  readonly agentTokens: readonly AgentTokenName[];
  readonly resource: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly account?: string | undefined;
  /** The token of the agent's own caller that it follows from. */
  readonly upstream?: TokenName | undefined;
  /** Access servers that it was shown to. */
  readonly shownTo: readonly string[];
}

/** An agent token as its provider revokes it. */
export interface AgentTokenName {
  readonly jti: string;
  /** Agent identifier. */
  readonly sub: string;
  readonly exp: number;
}

/** Members of a request that its token is kept with. */
interface IssuingWork extends Pick<TokenRecord, "agentTokens" | "upstream"> {
  readonly pair?: { readonly presented: TokenName };
}

/** Permission that a person gives an agent. */
interface AgreedTo {
  readonly resource: string;
  readonly account?: string | undefined;
  /** Default: none, only that the resource knows them by this agent. */
  readonly scopes?: readonly string[] | undefined;
}

type ResourceBoundClaims = PersonTokenClaims & Pick<AuthTokenClaims, "scope">;

/**
 * Standing of an agent with a person that it acts for: its own, or one that it is called for
 * (section 10.1.1.1). Plain data.
 */
export interface Standing {
  /** The person has taken the agent's access away, and allowed it nothing since. */
  readonly isRevoked: boolean;
  /** Times that the person has done so. */
  readonly revocations: number;
  /**
   * Scopes that they have agreed to, by resource and account: that it may know them at all for one
   * that is listed.
   */
  readonly agreed: Readonly<Record<string, AgreedScopes>>;
}

type AgreedScopes = Readonly<Record<string, readonly string[]>>;

const NEVER_REVOKED: Standing = { isRevoked: false, revocations: 0, agreed: {} };

/** An own member: resources name accounts as they like, also as what every object inherits. */
const own = <Value>(members: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(members, name) ? members[name] : undefined;

/** Permission at a resource; undefined where the agent may not even name the person there. */
export function agreedAt(
  { agreed }: Standing,
  resource: string,
  account = "",
): { readonly scopes: readonly string[] | undefined } | undefined {
  const accounts = own(agreed, resource);
  return accounts && { scopes: own(accounts, account) };
}

const peopleTerms = (person: string) => ({ owner: ownerOfPerson(person), ttlSeconds: PEOPLE_SECONDS });
/**
 * Bindings, standings and tokens are charged to the person: agents and their providers cost nothing
 * to make.
 */
const ownerOfPerson = (person: string) => keyOf("person", person);
/** Entries by agent are, too: to the first person, where an intermediary serves several. */
const ownerOfAgents = (person: string) => keyOf("agents", person);

export class PersonRecords {
  readonly tokens: IssuedTokens<TokenRecord>;
  /** Persons by agent. */
  readonly #bindings: Table<string>;
  readonly #standings: Table<Standing>;
  /** Agent identifiers by the agent tokens that something was issued on. */
  readonly #agentTokens: Table<string>;

  constructor(people: RecordStore<unknown>, tokens: RecordStore<unknown>, now: () => number) {
    this.tokens = new IssuedTokens(tokens, now, ({ person }) => ownerOfPerson(person));
    this.#bindings = tableOf(people, "binding");
    this.#standings = tableOf(people, "standing");
    this.#agentTokens = tableOf(tokens, "agent-token");
  }

  // -------------------------------------------------------------------------------------------------------
  // people

  /**
   * The person that an agent belongs to (section 13.14); undefined for an agent that belongs to
   * none yet.
   */
  async personOf({ iss, sub }: AgentIdentity): Promise<string | undefined> {
    return this.#bindings.get([iss, sub]);
  }

  /** The first person to authorize an agent is its person. False where that is another one. */
  async bind({ iss, sub }: AgentIdentity, person: string): Promise<boolean> {
    const bound = await this.#bindings.update([iss, sub], (known = person) =>
      known === person ? { value: person, ...peopleTerms(person) } : undefined,
    );
    return bound === person;
  }

  async standing(person: string, { iss, sub }: AgentIdentity): Promise<Standing> {
    return (await this.#standings.get([person, iss, sub])) ?? NEVER_REVOKED;
  }

  /** Takes everything back that the person has agreed to, and what any policy would grant. */
  async withdraw(person: string, agent: AgentIdentity): Promise<void> {
    await this.#changeStanding(person, agent, (standing) => ({
      isRevoked: true,
      revocations: standing.revocations + 1,
      agreed: {}, // hole T23b
    }));
  }

  /** The person allows the agent something, also after they have taken everything back. */
  agree(
    person: string,
    agent: AgentIdentity,
    { resource, account = "", scopes }: AgreedTo,
  ): Promise<Standing> {
    return this.#changeStanding(person, agent, ({ revocations, agreed }) => {
      const known = own(agreed, resource) ?? {};
      const all = scopes && [...new Set([...(own(known, account) ?? []), ...scopes])];
      const accounts = { ...known, ...(all && { [account]: all }) };
      return { isRevoked: false, revocations, agreed: { ...agreed, [resource]: accounts } };
    });
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
   * Keeps the token of a request, as {@link add}.
   *
   * @param claims of the token
   */
  keep(
    type: TokenRecord["type"],
    { iss, jti, exp, aud: resource, sub: subject, scope }: ResourceBoundClaims,
    { asked, work }: { readonly asked: AskedRequest; readonly work: IssuingWork },
  ): Promise<void> {
    const { agent, subagent, account } = asked;
    const { agentTokens, upstream, pair } = work;
    return this.add({
      ...{ type, iss, jti, exp, person: asked.person!, agent, subagent, agentTokens, resource, subject },
      ...{ scopes: scopesOf(scope), account, upstream, shownTo: [] },
      presented: pair && { iss: pair.presented.iss, jti: pair.presented.jti },
    });
  }

  /**
   * Keeps a token that is about to be given out, and which agent tokens it was issued on.
   *
   * @throws Problem 429 where the agent has too many
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

  /**
   * @throws Problem 403 for a token that is revoked: its revocation would not reach the access
   * server
   */
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

  /** Tokens of an agent, those of its sub-agents included. */
  tokensFor({ iss, sub }: AgentIdentity): Promise<readonly TokenRecord[]> {
    return this.tokens.listed(["agent", iss, sub]);
  }

  /**
   * The agent of an agent token that something was issued on: its provider revokes it by
   * its own name for it.
   */
  async agentOf({ iss, jti }: TokenName): Promise<AgentIdentity | undefined> {
    const sub = await this.#agentTokens.get([iss, jti]);
    return sub === undefined ? undefined : { iss, sub };
  }
}
