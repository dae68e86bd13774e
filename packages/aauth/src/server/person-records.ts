/**
 * What a person server knows of persons and their agents, and keeps of the tokens that it has given out (draft -11, sections 7.1, 11.12.4 and 13.14).
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

/** Bindings and consents: a year after they were last made. */
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
  /** Of an auth token: the token it was had with. */
  readonly presented?: TokenName | undefined;
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

type ResourceBoundClaims = PersonTokenClaims & Pick<AuthTokenClaims, "scope">;

/** Whether an agent may act for a person, as far as that person has said. */
export interface Standing {
  /** The person has taken the agent's access away, and allowed it nothing since. */
  readonly isRevoked: boolean;
  /** How often they have: what was agreed to before does not count again. */
  readonly revocations: number;
}

/** The person that an agent belongs to, and stays theirs (section 13.14). */
export interface Binding extends Standing {
  readonly person: string;
}

const NEVER_REVOKED: Standing = { isRevoked: false, revocations: 0 };

/** What a person has agreed to: that the resource may know them by this agent, and scopes by account. */
export interface Consent {
  readonly scopes: Readonly<Record<string, readonly string[]>>;
  /** That of the agent's standing when it was given. */
  readonly revocations: number;
}

/** The scopes that a person has agreed to for an account, which a resource names as it likes: also as what every object inherits. */
export const agreedScopes = (scopes: Consent["scopes"], account = ""): readonly string[] | undefined =>
  Object.hasOwn(scopes, account) ? scopes[account] : undefined;

const peopleTerms = (person: string) => ({ owner: ownerOfPerson(person), ttlSeconds: PEOPLE_SECONDS });
/**
 * Bindings, consents and tokens are charged to the person: agents and their providers cost nothing
 * to make.
 */
const ownerOfPerson = (person: string) => keyOf("person", person);
/** Entries by agent are, too: to the first person, where an intermediary serves several. */
const ownerOfAgents = (person: string) => keyOf("agents", person);

export class PersonRecords {
  readonly tokens: IssuedTokens<TokenRecord>;
  readonly #bindings: Table<Binding>;
  /** Standing of agents with persons that are not their own: an intermediary's (section 10.1.1.1). */
  readonly #served: Table<Standing>;
  readonly #consents: Table<Consent>;
  /** Agent identifiers by the agent tokens that something was issued on. */
  readonly #agentTokens: Table<string>;

  constructor(people: RecordStore<unknown>, tokens: RecordStore<unknown>, now: () => number) {
    this.tokens = new IssuedTokens(tokens, now, ({ person }) => ownerOfPerson(person));
    this.#bindings = tableOf(people, "binding");
    this.#served = tableOf(people, "served");
    this.#consents = tableOf(people, "consent");
    this.#agentTokens = tableOf(tokens, "agent-token");
  }

  // ------------------------------------------------------------------------------------------------------- people

  async binding({ iss, sub }: AgentIdentity): Promise<Binding | undefined> {
    return this.#bindings.get([iss, sub]);
  }

  /** The first person to authorize an agent is its person. False where that is another one. */
  async bind(agent: AgentIdentity, person: string): Promise<boolean> {
    // It may have served the person before, who may have taken that back.
    const fresh: Binding = { person, ...(await this.standing(person, agent)) };
    const binding = await this.#bindings.update([agent.iss, agent.sub], (known = fresh) =>
      known.person === person ? { value: known, ...peopleTerms(person) } : undefined,
    );
    return binding?.person === person;
  }

  /** Of an agent and a person that it acts for: its own, or one of those that an intermediary serves (section 10.1.1.1). */
  async standing(person: string, agent: AgentIdentity): Promise<Standing> {
    const binding = await this.binding(agent);
    if (binding?.person === person) return binding;
    return (await this.#served.get([person, agent.iss, agent.sub])) ?? NEVER_REVOKED;
  }

  /** Takes everything back that the person has agreed to, and what any policy would grant. */
  withdraw(person: string, agent: AgentIdentity): Promise<void> {
    return this.#changeStanding(person, agent, ({ revocations }) => ({
      isRevoked: true,
      revocations: revocations + 1,
    }));
  }

  /** The person allows the agent something again. */
  async readmit(person: string, agent: AgentIdentity): Promise<void> {
    if (!(await this.standing(person, agent)).isRevoked) return;
    await this.#changeStanding(person, agent, ({ revocations }) => ({ isRevoked: false, revocations }));
  }

  async #changeStanding(
    person: string,
    agent: AgentIdentity,
    change: (standing: Standing) => Standing,
  ): Promise<void> {
    const { iss, sub } = agent;
    const terms = peopleTerms(person);
    if ((await this.binding(agent))?.person === person) {
      await this.#bindings.update([iss, sub], (kept = { person, ...NEVER_REVOKED }) => ({
        value: { person, ...change(kept) },
        ...terms,
      }));
    } else {
      await this.#served.update([person, iss, sub], (kept = NEVER_REVOKED) => ({
        value: change(kept),
        ...terms,
      }));
    }
  }

  async consent(person: string, agent: AgentIdentity, resource: string): Promise<Consent | undefined> {
    const consent = await this.#consents.get([person, agent.iss, agent.sub, resource]);
    const { isRevoked, revocations } = await this.standing(person, agent);
    return isRevoked || consent?.revocations !== revocations ? undefined : consent; // hole T23b
  }

  async addConsent(
    person: string,
    agent: AgentIdentity,
    resource: string,
    {
      scopes,
      account = "",
    }: { readonly scopes?: readonly string[] | undefined; readonly account?: string | undefined },
  ): Promise<void> {
    const { isRevoked, revocations } = await this.standing(person, agent);
    await this.#consents.update([person, agent.iss, agent.sub, resource], (before) => {
      // Consent from before the person took it back is not added to.
      const known = isRevoked || before?.revocations !== revocations ? {} : before.scopes;
      const all = scopes && [...new Set([...(agreedScopes(known, account) ?? []), ...scopes])];
      const consent: Consent = { scopes: { ...known, ...(all && { [account]: all }) }, revocations };
      return { value: consent, ...peopleTerms(person) };
    });
  }

  // ------------------------------------------------------------------------------------------------------- tokens

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
    await this.tokens.add(record);
    try {
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

  /** Those of its sub-agents are a parent's, too. */
  tokensFor({ iss, sub }: AgentIdentity): Promise<readonly TokenRecord[]> {
    return this.tokens.listed(["agent", iss, sub]);
  }

  /**
   * Which agent an agent token is of, where something was issued on it: its provider revokes it by
   * its own name for it.
   */
  async agentOf({ iss, jti }: TokenName): Promise<AgentIdentity | undefined> {
    const sub = await this.#agentTokens.get([iss, jti]);
    return sub === undefined ? undefined : { iss, sub };
  }
}
