/**
 * Delegates of draft -11. For each user who runs it, a delegate is a sub-agent of that user's agent
 * (section 10.2). The backend issues its agent token, bound to its own key; the parent requests its
 * other tokens from the person server.
 *
 * @module
 */

import {
  AAuthError,
  type Discovery,
  type Observer,
  type ProvenCaller,
  type RecordStore,
  type SigningKey,
  type Stores,
  TokenRequestError,
  type VerificationKey,
} from "aauth";
import type { Agent, ObtainedToken, Transport } from "aauth/agent";
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
  /** Display name of the delegate that the token is issued for. */
  readonly name: string;
}

/** A sub-agent's token request to its parent. */
export interface AskedOfParent {
  /** VERIFIED agent token that the request was signed with. */
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
   * The agent token that last obtained a token. The person server only revokes what was obtained
   * with the agent token that it is given.
   */
  readonly used?: AgentTokenName | undefined;
  /** Page where the user has to act. */
  readonly page?: string | undefined;
}

/** A user's delegate, known as the sub-agent `id`. */
interface Name extends Pick<SubAgent, "userId" | "parent" | "delegate"> {
  readonly id: string;
}

const MAX_SUB_AGENTS = 10_000;
/**
 * A sub-agent that has been forgotten counts as never started: it receives nothing until its user
 * runs it again.
 */
const KEEP_SECONDS = 30 * 86_400;

const PERSON_NEEDED = "the user must act at the person server first";

/** Dependencies of the sub-agents of one agent provider. */
export interface SubAgentsDeps {
  /** Own identifier: the agent provider. */
  readonly issuer: string;
  /** Signs agent tokens and revocations. */
  readonly key: () => SigningKey;
  readonly personServer: string | undefined;
  /** Identifier of a user's agent, and that agent. */
  readonly idOf: (userId: string) => string;
  readonly agentOf: (userId: string) => Agent;
  readonly enrolments: Enrolments;
  /** Identifiers of the resources that delegates may obtain tokens for. */
  readonly resources: readonly string[];
  readonly lifetimeSeconds: number;
  /** Browser address of a party's page, and the address that the browser returns to. */
  readonly browserUrl: (page: string) => string;
  readonly returnUrl: string;
  readonly discovery: Discovery;
  /** Transport to the person server. */
  readonly transport: Transport;
  /** Timeout of a request to the parent. */
  readonly timeoutSeconds: number;
  /** Observes the parents' requests to the person server. */
  readonly observer: () => Observer;
  readonly stores: Pick<Stores, "records">;
  /** Unix seconds. */
  readonly now: () => number;
}

/** The sub-agents of users' agents, and whether they may act. */
export class SubAgents {
  readonly #deps: SubAgentsDeps;
  /** By agent identifier. */
  readonly #known: RecordStore<SubAgent>;
  /** By agent identifier: its token request in progress. */
  readonly #asking = new Map<string, Promise<unknown>>();

  constructor(deps: SubAgentsDeps) {
    this.#deps = deps;
    this.#known = deps.stores.records("sub-agents", { maxEntries: MAX_SUB_AGENTS });
  }

  /** Describes a delegate as the sub-agent of a user's agent. */
  async of(userId: string, delegate: string): Promise<NonNullable<Delegate["sub_agent"]>> {
    const { personServer, browserUrl, now } = this.#deps;
    const { id, parent } = this.#named(userId, delegate);
    const { state = "new", token, used, page } = (await this.#known.get(id)) ?? {};
    const isRevoked = state === "ended" && personServer !== undefined;
    const hasEnded = state === "ended" || state === "ending";
    const goodUntil = Math.max(token?.exp ?? 0, used?.exp ?? 0);
    const isGood = hasEnded && !isRevoked && goodUntil > now();
    return {
      id,
      parent,
      state,
      ...(isGood && { good_until: isoTime(goodUntil) }),
      ...(page !== undefined && { interaction_url: browserUrl(page) }),
    };
  }

  /**
   * Prepares a call that the user has requested. The first call starts the delegate.
   *
   * @throws BackendError `conflict` for an ended delegate that no other party would refuse
   */
  async prepare(userId: string, delegate: string): Promise<void> {
    const { personServer } = this.#deps;
    const subAgent = await this.#update(this.#named(userId, delegate), (at, fresh) => {
      if (at === undefined) return fresh;
      return at.state === "started" ? { ...at, page: undefined } : undefined;
    });
    if (subAgent?.state !== "started" && personServer === undefined) throw endedForGood();
  }

  /** Allows it to act, for the first time or again. Earlier agent tokens are not accepted here. */
  async start(userId: string, delegate: string): Promise<void> {
    await this.#update(this.#named(userId, delegate), (at, fresh) => ({ ...fresh, used: at?.used }));
  }

  /**
   * Issues it no more tokens, and revokes its agent token at the person server, which revokes the
   * tokens that it issued for it.
   *
   * @throws BackendError `unreachable` if the revocation was not accepted; it can be repeated
   */
  async end(userId: string, delegate: string): Promise<void> {
    const { now } = this.#deps;
    const name = this.#named(userId, delegate);
    // Recorded before any other party is notified.
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
      throw new TokenRefusal(403, "delegate_not_started", "parent_agent is itself a sub-agent");
    const { token, claims } = await issueAgentToken({
      key: key(),
      issuer,
      personServer,
      agent: id,
      parentAgent: parent,
      lifetimeSeconds,
      now,
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
   * `invalid_target` and the code of a resource token that is not for it; 502 if the person server
   * is unusable
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
      throw new TokenRefusal(403, "not_a_delegate", "only a sub-agent may request tokens from its parent");
    const { userId, delegate } = required(await this.#known.get(id));
    const enrolment = await enrolments.find(delegate);
    if (enrolment === undefined)
      throw new TokenRefusal(403, "delegate_not_enrolled", "the operator has removed the enrolment");
    // The user may have ended it meanwhile.
    const subAgent = required(await this.#known.get(id));
    const { token } = subAgent;
    // hole X18
    if (token?.jti !== jti)
      throw new TokenRefusal(403, "agent_token_replaced", "a newer agent token has been issued");
    if (!resources.includes(asked.resource))
      throw new TokenRefusal(400, "invalid_target", "delegates cannot obtain tokens for this resource");
    // The person server keeps only a few pending requests for all agents of this provider.
    if (subAgent.page !== undefined) throw new TokenRefusal(403, "interaction_required", PERSON_NEEDED);
    const grant = await agentOf(userId)
      .tokenForSubAgent({
        ...asked,
        loginHint: userId,
        justification: `The user has started the delegate ${enrolment.name ?? delegate}, which works for them.`,
        returnUrl,
        onInteraction: async ({ page }) => {
          // The user opens the page and then runs the delegate again.
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
      "The delegate receives no more tokens, but the person server did not accept the revocation: existing tokens remain valid. End it again";
    throw new BackendError("unreachable", message, { code });
  }

  #named(userId: string, delegate: string): Name {
    const parent = this.#deps.idOf(userId);
    return { id: subAgentId(parent, delegate), userId, parent, delegate };
  }

  /** @param change returning undefined leaves it unchanged. `fresh` is a newly started one */
  async #update(
    { id, userId, ...name }: Name,
    change: (at: SubAgent | undefined, fresh: SubAgent) => SubAgent | undefined,
  ): Promise<SubAgent | undefined> {
    return this.#known.update(id, (at) => {
      const value = change(at, { userId, ...name, state: "started" });
      return value && { value, owner: userId, ttlSeconds: KEEP_SECONDS };
    });
  }

  /** Changes a sub-agent that its user may have ended meanwhile. @throws TokenRefusal 403 */
  async #changeStarted(id: string, change: Partial<SubAgent>): Promise<void> {
    await this.#known.update(id, (at) => {
      const value = { ...required(at), ...change }; // hole X17: { ...at!, ...change }
      return { value, owner: value.userId, ttlSeconds: KEEP_SECONDS };
    });
  }
}

/** @throws TokenRefusal 403 */
function required(subAgent: SubAgent | undefined): SubAgent {
  if (subAgent === undefined)
    throw new TokenRefusal(403, "delegate_not_started", "no user has started this delegate for that agent");
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
    "You have ended this delegate. Its agent token cannot be revoked in this mode, so the backend does not call it. Start it again first.";
  return new BackendError("conflict", message, { code: "delegate_ended" });
}
