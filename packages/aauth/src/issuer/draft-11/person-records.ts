/**
 * What a person server knows of persons and their agents, and keeps of the tokens that it has given out (draft -11, sections 7.1, 11.12.4 and 13.14).
 *
 * @module
 */

import type { KeyValueStore } from "../../store/key-value-store.ts";
import { Problem } from "./answers.ts";
import { locked } from "./locked.ts";
import { keyOf } from "./stores.ts";
import type { AgentIdentity } from "./types.ts";

/** Bindings and consents: a year after they were last made. */
const PEOPLE_SECONDS = 31_536_000;
const SKEW_SECONDS = 60;
/** Tokens that are good at the same time, of one agent and of one person. */
const MAX_OF_AGENT = 2_500;
const MAX_OF_PERSON = 10_000;

export interface TokenName {
  readonly iss: string;
  readonly jti: string;
}

/** A token that was issued here, or had from an access server. Plain data. */
export interface TokenRecord extends TokenName {
  readonly type: "person-token" | "auth-token";
  readonly exp: number;
  readonly person: string;
  readonly agent: AgentIdentity;
  /** Agent identifier of the sub-agent that it is for, where it is one. */
  readonly subagent?: string;
  /** `jti` of the agent token that was shown for it. */
  readonly agentJti: string;
  readonly resource: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly account?: string;
  /** Of an auth token: the token it was had with. */
  readonly presented?: TokenName;
  /** The token of the agent's own caller that it follows from. */
  readonly upstream?: TokenName;
  /** Access servers that it was shown to. */
  readonly shownTo: readonly string[];
}

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

const servedKey = (person: string, { iss, sub }: AgentIdentity) => keyOf("served", person, iss, sub);

export class PersonRecords {
  readonly #people: KeyValueStore<unknown>;
  readonly #tokens: KeyValueStore<unknown>;
  readonly #now: () => number;

  constructor(people: KeyValueStore<unknown>, tokens: KeyValueStore<unknown>, now: () => number) {
    this.#people = people;
    this.#tokens = tokens;
    this.#now = now;
  }

  // ------------------------------------------------------------------------------------------------------- people

  async binding({ iss, sub }: AgentIdentity): Promise<Binding | undefined> {
    return (await this.#people.get(keyOf("binding", iss, sub))) as Binding | undefined;
  }

  /** The first person to authorize an agent is its person. False where that is another one. */
  async bind({ iss, sub }: AgentIdentity, person: string): Promise<boolean> {
    const key = keyOf("binding", iss, sub);
    // It may have served the person before, who may have taken that back.
    const binding: Binding = { person, ...(await this.standing(person, { iss, sub })) };
    if (await this.#people.putIfAbsent(key, binding, PEOPLE_SECONDS)) return true;
    const known = (await this.#people.get(key)) as Binding | undefined;
    if (known?.person !== person) return false;
    await this.#people.put(key, known, PEOPLE_SECONDS);
    return true;
  }

  /** Of an agent and a person that it acts for: its own, or one of those that an intermediary serves (section 10.1.1.1). */
  async standing(person: string, agent: AgentIdentity): Promise<Standing> {
    const binding = await this.binding(agent);
    if (binding?.person === person) return binding;
    return ((await this.#people.get(servedKey(person, agent))) as Standing | undefined) ?? NEVER_REVOKED;
  }

  /** Takes everything back that the person has agreed to, and what any policy would grant. */
  async withdraw(person: string, agent: AgentIdentity): Promise<void> {
    const { revocations } = await this.standing(person, agent);
    await this.#setStanding(person, agent, { isRevoked: true, revocations: revocations + 1 });
  }

  /** The person allows the agent something again. */
  async readmit(person: string, agent: AgentIdentity): Promise<void> {
    const standing = await this.standing(person, agent);
    if (standing.isRevoked) await this.#setStanding(person, agent, { ...standing, isRevoked: false });
  }

  async #setStanding(person: string, agent: AgentIdentity, standing: Standing): Promise<void> {
    const { isRevoked, revocations } = standing;
    const binding = await this.binding(agent);
    if (binding?.person === person) {
      const own: Binding = { person, isRevoked, revocations };
      await this.#people.put(keyOf("binding", agent.iss, agent.sub), own, PEOPLE_SECONDS);
    } else {
      await this.#people.put(servedKey(person, agent), { isRevoked, revocations }, PEOPLE_SECONDS);
    }
  }

  async consent(person: string, agent: AgentIdentity, resource: string): Promise<Consent | undefined> {
    const { iss, sub } = agent;
    const consent = (await this.#people.get(keyOf("consent", person, iss, sub, resource))) as
      | Consent
      | undefined;
    const { isRevoked, revocations } = await this.standing(person, agent);
    return isRevoked || consent?.revocations !== revocations ? undefined : consent; // hole T23b
  }

  async addConsent(
    person: string,
    agent: AgentIdentity,
    resource: string,
    { scopes, account = "" }: { readonly scopes?: readonly string[]; readonly account?: string | undefined },
  ): Promise<void> {
    const key = keyOf("consent", person, agent.iss, agent.sub, resource);
    await locked(this.#people, key, async () => {
      const known = (await this.consent(person, agent, resource))?.scopes ?? {};
      const all = scopes && [...new Set([...(agreedScopes(known, account) ?? []), ...scopes])];
      const { revocations } = await this.standing(person, agent);
      const consent: Consent = { scopes: { ...known, ...(all && { [account]: all }) }, revocations };
      await this.#people.put(key, consent, PEOPLE_SECONDS);
    });
  }

  // ------------------------------------------------------------------------------------------------------- tokens

  async token({ iss, jti }: TokenName): Promise<TokenRecord | undefined> {
    return (await this.#tokens.get(keyOf("token", iss, jti))) as TokenRecord | undefined;
  }

  /** @throws Problem 429 where the person or the agent has too many */
  async add(record: TokenRecord): Promise<void> {
    const { agent, subagent, person, exp } = record;
    for (const sub of subagent === undefined ? [agent.sub] : [agent.sub, subagent]) {
      await this.#list(keyOf("agent", agent.iss, sub), record, MAX_OF_AGENT);
    }
    await this.#list(keyOf("person", person), record, MAX_OF_PERSON);
    await this.#tokens.put(keyOf("token", record.iss, record.jti), record, this.#ttl(exp));
  }

  async markShown(token: TokenName, accessServer: string): Promise<void> {
    const key = keyOf("token", token.iss, token.jti);
    await locked(this.#tokens, key, async () => {
      const record = await this.token(token);
      if (record === undefined || record.shownTo.includes(accessServer)) return;
      const shown = { ...record, shownTo: [...record.shownTo, accessServer] };
      await this.#tokens.put(key, shown, this.#ttl(record.exp));
    });
  }

  tokensOf(person: string): Promise<readonly TokenRecord[]> {
    return this.#listed(keyOf("person", person));
  }

  /** Those of its sub-agents are a parent's, too. */
  tokensFor({ iss, sub }: AgentIdentity): Promise<readonly TokenRecord[]> {
    return this.#listed(keyOf("agent", iss, sub));
  }

  /** Which agent an agent token is of: its provider revokes it by its own name for it. */
  async noteAgentToken({
    iss,
    jti,
    sub,
    exp,
  }: TokenName & AgentIdentity & { readonly exp: number }): Promise<void> {
    await this.#tokens.putIfAbsent(keyOf("agent-token", iss, jti), sub, this.#ttl(exp));
  }

  async agentOf({ iss, jti }: TokenName): Promise<AgentIdentity | undefined> {
    const sub = (await this.#tokens.get(keyOf("agent-token", iss, jti))) as string | undefined;
    return sub === undefined ? undefined : { iss, sub };
  }

  async #list(key: string, { iss, jti, exp }: TokenRecord, max: number): Promise<void> {
    await locked(this.#tokens, key, async () => {
      const entries = (await this.#entries(key)).filter((entry) => entry[2] > this.#now());
      if (entries.length >= max) {
        throw new Problem(429, "slow_down", "too many tokens are good at the same time", SKEW_SECONDS);
      }
      const latest = Math.max(exp, ...entries.map(([, , end]) => end));
      await this.#tokens.put(key, [...entries, [iss, jti, exp]], this.#ttl(latest));
    });
  }

  async #listed(key: string): Promise<readonly TokenRecord[]> {
    const records = await Promise.all(
      (await this.#entries(key)).map(([iss, jti]) => this.token({ iss, jti })),
    );
    return records.filter((record) => record !== undefined && record.exp > this.#now()) as TokenRecord[];
  }

  async #entries(key: string): Promise<readonly (readonly [iss: string, jti: string, exp: number])[]> {
    return ((await this.#tokens.get(key)) ?? []) as readonly (readonly [string, string, number])[];
  }

  #ttl(exp: number): number {
    return Math.max(1, exp - this.#now() + SKEW_SECONDS);
  }
}
