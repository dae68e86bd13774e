/**
 * Delegates of draft -11: for each user who has one work, the sub-agent of that user's agent
 * (section 10.2). It has an agent token of the backend, bound to its own key, and the parent asks
 * the person server for its other tokens.
 *
 * @module
 */

import {
  AAuthError,
  type Discovery,
  type ProvenCaller,
  type RecordStore,
  type SigningKey,
  type Stores,
  TokenRequestError,
  type VerificationKey,
} from "aauth";
import type { Agent, AgentObserver, ObtainedToken, Transport } from "aauth/agent";
import { issueAgentToken, sendRevocation } from "aauth/server";
import { subAgentId } from "agent-kit/draft-11";
import type { Delegate } from "backend-api";
import { BackendError } from "../errors.ts";
import { UNUSABLE } from "../failures/draft-11-failure.ts";
import { isoTime } from "../runs/run.ts";
import type { Enrolments } from "./enrolments.ts";
import { TokenRefusal } from "./token-refusal.ts";

export interface IssuedAgentToken {
  readonly token: string;
  /** Name, as users see it, of the delegate that the token is issued for. */
  readonly name: string;
}

/** What a sub-agent asks its parent for. */
export interface AskedOfParent {
  /** Agent token that the request was signed with, VERIFIED. */
  readonly subagentToken: string;
  readonly resource: string;
  readonly resourceToken?: string | undefined;
  readonly presentedToken?: string | undefined;
}

interface AgentTokenName {
  readonly jti: string;
  readonly exp: number;
}

/** Plain data. */
interface SubAgent {
  readonly userId: string;
  readonly parent: string;
  readonly delegate: string;
  readonly state: "started" | "ending" | "ended";
  /** The agent token that was issued last. */
  readonly token?: AgentTokenName | undefined;
  /**
   * The one that it got something with last: the person server takes back what an agent has by such
   * a token, and by no other.
   */
  readonly used?: AgentTokenName | undefined;
  /** Where the user has to act. */
  readonly page?: string | undefined;
}

/** The delegate of a user as the sub-agent `id`. */
interface Name extends Pick<SubAgent, "userId" | "parent" | "delegate"> {
  readonly id: string;
}

const MAX_SUB_AGENTS = 10_000;
/**
 * One that is forgotten is as if it had never been started: it gets nothing before its user has it
 * work again.
 */
const KEEP_SECONDS = 30 * 86_400;

const PERSON_NEEDED = "the user has to act at the person server first";

/** Dependencies of the sub-agents of one agent provider. */
export interface SubAgentsDeps {
  /** Own identifier: the agent provider. */
  readonly issuer: string;
  /** Signs agent tokens and revocations. */
  readonly key: () => SigningKey;
  readonly personServer: string | undefined;
  /** Identifier of the agent of a user, and that agent. */
  readonly idOf: (userId: string) => string;
  readonly agentOf: (userId: string) => Agent;
  readonly enrolments: Enrolments;
  /** Identifiers of the resources that delegates may have tokens for. */
  readonly resources: readonly string[];
  readonly lifetimeSeconds: number;
  /** What a browser opens for a page of a party, and where it comes back to. */
  readonly browserUrl: (page: string) => string;
  readonly returnUrl: string;
  readonly discovery: Discovery;
  /** To the person server. */
  readonly transport: Transport;
  /** Timeout of a request to the parent. */
  readonly timeoutSeconds: number;
  /** Watches what parents ask the person server. */
  readonly observer: () => AgentObserver;
  readonly stores: Pick<Stores, "records">;
  /** Unix seconds. */
  readonly now: () => number;
}

/** The sub-agents of the users' agents, and whether they may act. */
export class SubAgents {
  readonly #deps: SubAgentsDeps;
  /** By agent identifier. */
  readonly #known: RecordStore<SubAgent>;
  /** By agent identifier: what is being asked for it. */
  readonly #asking = new Map<string, Promise<unknown>>();

  constructor(deps: SubAgentsDeps) {
    this.#deps = deps;
    this.#known = deps.stores.records("sub-agents", { maxEntries: MAX_SUB_AGENTS });
  }

  /** A delegate as the sub-agent of a user's agent. */
  async of(userId: string, delegate: string): Promise<NonNullable<Delegate["sub_agent"]>> {
    const { personServer, browserUrl, now } = this.#deps;
    const { id, parent } = this.#named(userId, delegate);
    const { state = "new", token, used, page } = (await this.#known.get(id)) ?? {};
    const isRevoked = state === "ended" && personServer !== undefined;
    const hasEnded = state === "ended" || state === "ending";
    const goodUntil = Math.max(token?.exp ?? 0, used?.exp ?? 0);
    const isGood = hasEnded && !isRevoked && goodUntil > now();
    return {
      ...{ id, parent, state },
      ...(isGood && { good_until: isoTime(goodUntil) }),
      ...(page !== undefined && { interaction_url: browserUrl(page) }),
    };
  }

  /**
   * Prepares a call on the user's request. The first call starts the delegate.
   *
   * @throws BackendError `conflict` for one that was ended, where no other party would refuse it
   */
  async prepare(userId: string, delegate: string): Promise<void> {
    const { personServer } = this.#deps;
    const subAgent = await this.#update(this.#named(userId, delegate), (at, fresh) => {
      if (at === undefined) return fresh;
      return at.state === "started" ? { ...at, page: undefined } : undefined;
    });
    if (subAgent?.state !== "started" && personServer === undefined) throw endedForGood();
  }

  /** Lets it act, for the first time or again. Earlier agent tokens are not accepted here. */
  async start(userId: string, delegate: string): Promise<void> {
    await this.#update(this.#named(userId, delegate), (at, fresh) => ({ ...fresh, used: at?.used }));
  }

  /**
   * Gives it no more tokens, and revokes its agent token at the person server, which revokes the
   * tokens that it issued for it.
   *
   * @throws BackendError `unreachable` where the revocation was not accepted: it may be repeated
   */
  async end(userId: string, delegate: string): Promise<void> {
    const { now } = this.#deps;
    const name = this.#named(userId, delegate);
    // Before any other party hears of it.
    const ending = await this.#update(name, (at, fresh) => ({
      ...fresh,
      ...at,
      state: "ending",
      page: undefined,
    }));
    const { token, used } = ending ?? {};
    for (const given of [used, token?.jti === used?.jti ? undefined : token])
      if (given !== undefined && given.exp > now()) await this.#revoke(given);
    await this.#update(name, (at) => (at?.state === "ending" ? { ...at, state: "ended" } : undefined));
  }

  /**
   * Issues an agent token for the key that the delegate has proven.
   *
   * @throws TokenRefusal 403 `delegate_not_started`, `delegate_ended`
   */
  async issue(parentAgent: string, delegate: string, confirmed: VerificationKey): Promise<IssuedAgentToken> {
    const { key, issuer, personServer, lifetimeSeconds, now } = this.#deps;
    const id = subAgentId(parentAgent, delegate);
    const { parent } = required(await this.#known.get(id));
    if (parent !== parentAgent)
      throw new TokenRefusal(403, "delegate_not_started", "parent_agent is a sub-agent, which has none");
    const { token, claims } = await issueAgentToken({
      ...{ key: key(), issuer, personServer, agent: id, parentAgent: parent, lifetimeSeconds, now },
      confirmationKey: confirmed.publicJwk,
    });
    const { jti, exp } = claims;
    await this.#changeStarted(id, { token: { jti, exp } });
    return { token, name: id };
  }

  /**
   * Requests a person token or auth token for a sub-agent, which has signed the request.
   *
   * @throws TokenRefusal 403 `not_a_delegate`, `delegate_not_enrolled`, `delegate_ended`,
   * `agent_token_replaced`, `interaction_required` and the person server's code; 400
   * `invalid_target` and the code of a resource token that is not for it; 502 where the person
   * server is unusable
   */
  async tokenFor(caller: ProvenCaller, asked: AskedOfParent): Promise<ObtainedToken> {
    const { agent: id = "" } = caller;
    const ask = () => this.#ask(caller, asked);
    // Requests of one sub-agent are sequential.
    const answer = this.#asking.get(id)?.then(ask) ?? ask();
    const over = answer.then(
      () => {},
      () => {},
    );
    this.#asking.set(id, over);
    try {
      return await answer;
    } finally {
      if (this.#asking.get(id) === over) this.#asking.delete(id);
    }
  }

  async #ask(caller: ProvenCaller, asked: AskedOfParent): Promise<ObtainedToken> {
    const { agent: id = "", identityToken = {} } = caller;
    const { enrolments, resources, agentOf, returnUrl, observer, timeoutSeconds } = this.#deps;
    const { parent_agent, jti } = identityToken;
    if (parent_agent === undefined)
      throw new TokenRefusal(403, "not_a_delegate", "only a sub-agent asks its parent for tokens");
    const { userId, delegate } = required(await this.#known.get(id));
    const enrolment = await enrolments.find(delegate);
    if (enrolment === undefined)
      throw new TokenRefusal(403, "delegate_not_enrolled", "the operator has taken the enrolment away");
    // It may have been ended meanwhile.
    const subAgent = required(await this.#known.get(id));
    const { token } = subAgent;
    if (token === undefined || token.jti !== jti)
      throw new TokenRefusal(403, "agent_token_replaced", "another agent token has been issued since");
    if (!resources.includes(asked.resource))
      throw new TokenRefusal(400, "invalid_target", "resource is none that delegates have tokens for");
    // Each request that waits for its person is one of the few that the person server keeps for all
    // agents of this provider.
    if (subAgent.page !== undefined) throw new TokenRefusal(403, "interaction_required", PERSON_NEEDED);
    const grant = await agentOf(userId)
      .tokenForSubAgent({
        ...asked,
        loginHint: userId,
        justification: `The delegate ${enrolment.name ?? delegate} works for the user, who has started it.`,
        returnUrl,
        onInteraction: async ({ page }) => {
          // The user opens the page, and has the delegate called again.
          await this.#changeStarted(id, { page });
          throw new TokenRefusal(403, "interaction_required", PERSON_NEEDED);
        },
        observer: observer(),
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
      })
      .catch((error: unknown) => {
        throw refusalOf(error);
      });
    await this.#changeStarted(id, { used: token });
    return grant;
  }

  /** Does nothing without a person server. @throws BackendError `unreachable` */
  async #revoke(token: AgentTokenName): Promise<void> {
    const { issuer, key, personServer: recipient, discovery, transport, now } = this.#deps;
    if (recipient === undefined) return;
    const from = { issuer, kind: "agent", key: key(), discovery, transport, now } as const;
    const { error: code } = await sendRevocation({ ...from, recipient, recipientKind: "person", ...token });
    if (code === undefined) return;
    const message =
      "It gets no more tokens, but the person server did not accept the revocation: the tokens that it has stay valid. End it again";
    throw new BackendError("unreachable", message, { code });
  }

  #named(userId: string, delegate: string): Name {
    const parent = this.#deps.idOf(userId);
    return { id: subAgentId(parent, delegate), userId, parent, delegate };
  }

  /** @param change undefined leaves it as it is. `fresh` is one that has just been started */
  async #update(
    { id, userId, ...name }: Name,
    change: (at: SubAgent | undefined, fresh: SubAgent) => SubAgent | undefined,
  ): Promise<SubAgent | undefined> {
    return this.#known.update(id, (at) => {
      const value = change(at, { userId, ...name, state: "started" });
      return value && { value, owner: userId, ttlSeconds: KEEP_SECONDS };
    });
  }

  /** It may have been ended meanwhile. @throws TokenRefusal 403 */
  async #changeStarted(id: string, change: Partial<SubAgent>): Promise<void> {
    await this.#known.update(id, (at) => {
      const value = { ...required(at), ...change };
      return { value, owner: value.userId, ttlSeconds: KEEP_SECONDS };
    });
  }
}

/** @throws TokenRefusal 403 */
function required(subAgent: SubAgent | undefined): SubAgent {
  if (subAgent === undefined)
    throw new TokenRefusal(403, "delegate_not_started", "no user has this delegate act for that agent");
  if (subAgent.state !== "started")
    throw new TokenRefusal(403, "delegate_ended", "the user has ended this delegate");
  return subAgent;
}

/** Passes on the code and the message of the party that refused. */
function refusalOf(error: unknown): unknown {
  if (error instanceof TokenRequestError)
    return new TokenRefusal(403, error.oauthError, error.description ?? error.message, { cause: error });
  // The fault is in what the sub-agent sent, or in the person server's answer.
  if (error instanceof AAuthError) {
    const status = UNUSABLE.test(error.code) ? 502 : 400;
    return new TokenRefusal(status, error.code, error.message, { cause: error });
  }
  if ((error as Error).name === "TimeoutError")
    return new TokenRefusal(502, "timeout", "the person server did not answer in time", { cause: error });
  return error;
}

function endedForGood(): BackendError {
  const message =
    "You have ended this delegate. Its agent token cannot be revoked in this mode, so that it is not called. Start it again first.";
  return new BackendError("conflict", message, { code: "delegate_ended" });
}
