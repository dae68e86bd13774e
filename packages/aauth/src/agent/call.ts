/**
 * A `fetch` that signs, and that meets what a resource demands: the profile decides each step, this file carries it out.
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import {
  AAuthAgentError,
  AnswerPendingError,
  TokenRejectedError,
  UserInteractionRequiredError,
} from "../errors.ts";
import type {
  CallOutcome,
  CallState,
  CallStep,
  Demand,
  ResponseHead,
  TokenDemand,
} from "../profile/calls.ts";
import type { GrantHints } from "../profile/grants.ts";
import type { Credential } from "../profile/messages.ts";
import { parseRefusal, REFUSAL_FIELD } from "../profile/refusal.ts";
import type { Clarification, ClarificationAnswer, Interaction, PendingState } from "../profile/waiting.ts";
import type { AgentProfile } from "../profile/wire-profile.ts";
import { parseJsonObject } from "../tokens/json-object.ts";
import type { SigningKey, Waiting } from "../types.ts";
import { type AgentKeys, keyBoundIn, pinnedTo } from "./agent-keys.ts";
import { answerWords, readShortly } from "./answer-words.ts";
import { atHop } from "./at-hop.ts";
import {
  type AgentObserver,
  combineObservers,
  ignoreEvents,
  type RetryReason,
  type ShownToken,
  showToken,
} from "./events.ts";
import { type GrantCircumstances, type GrantClient, secondsOf } from "./grant-client.ts";
import type { CallContext, GrantSource, HeldToken } from "./grant-source.ts";
import { type Progress, progressOf, requestOf, waitingOf } from "./left-call.ts";
import { type CallersRequest, type OutgoingRequest, readOutgoingRequest } from "./outgoing-request.ts";
import { NOTHING } from "./own-server.ts";
import {
  capabilitiesOf,
  LeftPending,
  type LeftWaiting,
  type Participation,
  PendingAnswer,
} from "./pending-answer.ts";
import type { Sender } from "./sender.ts";
import { anyOf, unlessAborted } from "./timeout.ts";
import type { FetchContext } from "./types.ts";

/** More steps than any profile needs: a profile that does not come to an end ends here. */
const MAX_STEPS = 64;

/** Creates the fetch of one context. */
export function createCall(options: CallOptions, context: FetchContext): typeof fetch {
  const observe = combineObservers(options.observer, context.observer);
  return async (input, init) => {
    const { maxRequestBodyBytes: maxBodyBytes, profile } = options;
    const request = await readOutgoingRequest(input, init, {
      maxBodyBytes,
      signal: context.signal,
      signatureFields: profile.messages.fields,
    });
    try {
      return await new Call(options, context, request, observe).run();
    } catch (error) {
      throw AAuthAgentError.from(error);
    }
  };
}

/**
 * Goes on with a call that was left waiting.
 *
 * @param context that of the call, with what was kept of it in `waiting`
 * @throws AAuthAgentError `waiting_key_gone`
 */
export async function resumeCall(
  options: CallOptions,
  context: FetchContext,
  waiting: Waiting,
): Promise<Response> {
  const request = requestOf(waiting, context.signal);
  const { keyThumbprint } = waiting;
  if (!options.keys.usable().some(({ thumbprint }) => thumbprint === keyThumbprint)) {
    throw new AAuthAgentError("waiting_key_gone", "the key that the answer is for is not held any more");
  }
  const observe = combineObservers(options.observer, context.observer);
  const call = new Call(options, { ...context, keyThumbprint }, request, observe);
  try {
    return await call.resume(progressOf(waiting));
  } catch (error) {
    throw AAuthAgentError.from(error);
  }
}

class Call {
  readonly #options: CallOptions;
  readonly #context: FetchContext;
  readonly #request: CallersRequest;
  readonly #observe: AgentObserver;
  readonly #resource: string;
  readonly #keys: AgentKeys;
  /** One key for the whole call, even if the agent's key is rotated meanwhile: challenges are bound to it. */
  readonly #current: SigningKey;
  #key: SigningKey;
  #credential: Credential = { scheme: "hwk" };
  /** The last token for the resource that a request carried. */
  #presented: string | undefined;
  /** The same, where it was the last request. */
  #shown: string | undefined;
  #attempts = 0;
  #response: Response | undefined;
  #demand: TokenDemand | undefined;
  #state: CallState = {};
  readonly #participation: Participation;
  #pendingAnswer: PendingAnswer | undefined;
  #trustedServers: readonly string[] | undefined;
  #session: string | undefined;
  /** What the resource wants to be covered in addition. */
  #covers: readonly string[] | undefined;

  constructor(options: CallOptions, context: FetchContext, request: CallersRequest, observe: AgentObserver) {
    this.#options = options;
    this.#context = context;
    this.#request = request;
    this.#observe = observe;
    this.#resource = context.resource ?? request.origin;
    this.#keys = pinnedTo(context.keyThumbprint, options.keys);
    this.#current = this.#keys.current();
    this.#key = this.#current;
    const { waiting = "poll", onInteraction, onClarification, onWaiting, returnUrl } = context;
    this.#participation = {
      waiting,
      keep: onWaiting && ((left) => this.#keepDemanded(left, onWaiting)),
      interact: onInteraction,
      clarify: onClarification && ((question) => this.#clarify(question, onClarification)),
      returnUrl,
    };
  }

  async run(): Promise<Response> {
    return this.#proceed({}, await this.#start());
  }

  async resume({ state, left, presented, demand, covers }: Progress): Promise<Response> {
    this.#state = state;
    this.#covers = covers;
    if (presented !== undefined) this.#present(presented);
    else this.#credential = await this.#options.identity(this.#key);
    this.#demand = demand;
    if (demand === undefined) return this.#proceed(state, await this.#poll({ pending: left.pending }, left));
    return this.#proceed(state, await this.#obtainFor(demand, left));
  }

  /** The profile decides on a step, this class carries it out, and from what has come of it the profile decides on the next. */
  async #proceed(before: CallState, first: CallOutcome): Promise<Response> {
    const { isAnonymous, mayIdentify, profile } = this.#options;
    const { returnUrl, scope } = this.#context;
    const circumstances = { isAnonymous, mayIdentify, mayInteract: returnUrl !== undefined, scope };
    let outcome = first;
    this.#state = before;
    for (let steps = 0; steps < MAX_STEPS; ) {
      const decision = profile.calls.decide(this.#state, outcome, circumstances);
      const { step } = decision;
      if (step.do === "answer") return this.#response!;
      // Looks at a pending answer are limited by time.
      if (step.do !== "poll") steps++;
      this.#state = decision.state;
      outcome = await this.#carryOut(step);
    }
    throw new AAuthAgentError("challenge_repeated", "the call did not come to an end");
  }

  async #carryOut(step: Exclude<CallStep, { do: "answer" }>): Promise<CallOutcome> {
    const keepsResponse =
      step.do === "report-rejected" || step.do === "offer" || (step.do === "obtain" && step.keepsResponse);
    if (!keepsResponse) await this.#discardResponse();
    switch (step.do) {
      case "cover":
        this.#covers = step.components;
        return this.#sendOnce(this.#request);
      case "offer":
        return this.#offer(step);
      case "send":
        return this.#send(step);
      case "obtain":
        return this.#obtain(step.demand);
      case "discard-held":
        return this.#discardHeld();
      case "report-rejected":
        // A token that the caller brought is not one that is held.
        if (this.#presented !== this.#context.authToken)
          await this.#options.tokens.forget(this.#demand, this.#callContext());
        throw atHop(await this.#tokenRejected(), this.#resource);
      case "poll":
        return this.#poll(step);
      case "ask":
        throw this.#interactionRequired(step.interaction);
      case "throw":
        if (step.forgets && this.#demand)
          await this.#options.tokens.forget(this.#demand, this.#callContext());
        throw atHop(step.error, this.#resource);
    }
  }

  async #discardResponse(): Promise<void> {
    const response = this.#response;
    this.#response = undefined;
    await response?.body?.cancel();
  }

  /** A token from before a rotation is used with the key it is bound to. */
  async #start(): Promise<CallOutcome> {
    const { authToken: token } = this.#context;
    if (token !== undefined) {
      this.#key = await keyBoundIn(token, this.#keys);
      return { type: "started", token };
    }
    const held = await this.#held();
    if (held === undefined) return { type: "started" };
    if (held.isAgeing) return { type: "started", ageing: held.token };
    return { type: "started", token: held.token, held: { isCurrentKey: held.key === this.#current } };
  }

  async #held(): Promise<HeldToken | undefined> {
    const held = await this.#options.tokens.held(this.#callContext(), this.#keys.usable());
    if (held !== undefined) this.#key = held.key;
    return held;
  }

  #callContext(): CallContext {
    const { upstreamToken, cacheKey, state } = this.#context;
    return {
      key: this.#key,
      resource: this.#resource,
      upstreamToken,
      cacheKey,
      state,
      signal: anyOf(this.#request.signals),
      observe: this.#observe,
      trustedServers: this.#trustedServers,
      hints: this.#hints(),
      participation: this.#participation,
    };
  }

  #hints(): GrantHints {
    const { mission, justification, loginHint } = this.#context;
    return { capabilities: capabilitiesOf(this.#participation), mission, justification, loginHint };
  }

  #circumstances(): GrantCircumstances {
    return {
      key: this.#key,
      context: NOTHING,
      observe: this.#observe,
      signal: anyOf(this.#request.signals),
      trustedServers: this.#trustedServers,
    };
  }

  /** The servers that tokens may come from: found out when the first one is needed. */
  async #findServers(): Promise<void> {
    const { profile, trustedServers, identity } = this.#options;
    const { serverOf } = profile.grants;
    if (serverOf === undefined || this.#trustedServers !== undefined) return;
    const { upstreamToken } = this.#context;
    const server = serverOf({ identity: await identity(this.#key), trustedServers, upstreamToken });
    if (server === undefined) {
      throw new AAuthAgentError(
        "person_required",
        "the resource asks for a person, and this agent has no server",
      );
    }
    this.#trustedServers = [server];
  }

  async #offer({ scope, token }: Extract<CallStep, { do: "offer" }>): Promise<CallOutcome> {
    const { identity, revealTokens } = this.#options;
    if (token !== undefined) this.#present(token);
    const credential = token === undefined ? await identity(this.#key) : this.#credential;
    const demand = await this.#atResource(this.#askOffer(scope, credential));
    if (demand === undefined) return { type: "offered", demand };
    await this.#findServers();
    await this.#trustedOffer(demand, scope);
    if (this.#observe !== ignoreEvents) {
      const { resourceToken = "", server: authServer = "" } = demand;
      this.#observe({
        type: "resource_token_received",
        resource: this.#resource,
        authServer,
        resourceToken: showToken(resourceToken, revealTokens),
      });
    }
    return { type: "offered", demand };
  }

  async #askOffer(scope: string, credential: Credential): Promise<Demand | undefined> {
    const offer = await this.#options.client.offer(this.#resource, scope, credential, this.#circumstances());
    if (offer !== undefined) await this.#keepSession(offer.head);
    return offer?.demand;
  }

  async #atResource<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw atHop(error, this.#resource);
    }
  }

  async #trusted(demand: Demand): Promise<TokenDemand> {
    const { profile, id: agent, now, discovery } = this.#options;
    const { thumbprint } = this.#key;
    const trustedServers = this.#trustedServers ?? this.#options.trustedServers;
    const party = { trustedServers, resource: this.#resource, agent, thumbprint };
    const expected = { ...party, presented: this.#shown, now: now() };
    const trusted = profile.calls.checkDemand(demand, expected);
    const { resourceToken } = trusted;
    const proof = resourceToken && profile.calls.proveDemand?.(resourceToken, discovery);
    if (proof) await unlessAborted(proof, anyOf(this.#request.signals));
    return trusted;
  }

  async #trustedOffer(demand: Demand, scope: string): Promise<TokenDemand> {
    const trusted = await this.#trusted(demand);
    const asked = scope.split(" ");
    if (!trusted.scope.split(" ").every((word) => word === "" || asked.includes(word))) {
      throw untrusted("the resource token is for more than was asked");
    }
    return trusted;
  }

  async #send(step: Extract<CallStep, { do: "send" }>): Promise<CallOutcome> {
    const { reason } = step;
    if (step.as === "token") this.#present(step.token);
    else if (step.as === "first" && this.#options.isAnonymous) this.#credential = { scheme: "hwk" };
    else {
      this.#credential = await this.#options.identity(this.#key);
      this.#shown = undefined;
    }
    if (reason !== undefined) {
      const { url, method } = this.#request;
      this.#observe({ type: "request_retried", url, method, scheme: this.#credential.scheme, reason });
    }
    return this.#sendOnce(this.#request, reason);
  }

  #present(token: string): void {
    this.#credential = { scheme: "jwt", jwt: token };
    this.#presented = token;
    this.#shown = token;
  }

  async #sendOnce(request: OutgoingRequest, retryReason?: RetryReason): Promise<CallOutcome> {
    const { timeoutMs, send } = this.#options;
    const additionalComponents = this.#covers ?? (await this.#published(request));
    const response = await send(await this.#withFields(request), {
      key: this.#key,
      additionalComponents,
      credential: this.#credential,
      purpose: "resource",
      attempt: ++this.#attempts,
      retryReason,
      timeoutMs,
      observe: this.#observe,
    });
    this.#response = response;
    const head = headOf(response, this.#request.url);
    await this.#keepSession(head);
    const demand = await this.#demandIn(response, head);
    const retryAfterSeconds = secondsOf(response.headers.get("retry-after"));
    return { type: "response", status: response.status, demand, retryAfterSeconds };
  }

  /** Components that the resource publishes: looked up for a query, which is covered only if listed. */
  async #published({ url, signals }: OutgoingRequest): Promise<readonly string[] | undefined> {
    const { profile, discovery } = this.#options;
    const { publishedComponents } = profile.calls;
    if (publishedComponents === undefined || !url.includes("?")) return undefined;
    return unlessAborted(publishedComponents(this.#resource, discovery), anyOf(signals));
  }

  /** With what the profile sends with each request; a caller's own field of the same name counts more. */
  async #withFields(request: OutgoingRequest): Promise<OutgoingRequest> {
    const { profile, tokens } = this.#options;
    const { requestFields, readSession } = profile.calls;
    if (requestFields === undefined) return request;
    if (readSession !== undefined) this.#session ??= await tokens.session(this.#callContext());
    const added = requestFields({ capabilities: this.#capabilities(), session: this.#session });
    return { ...request, headers: { ...added, ...request.headers } };
  }

  /** For a resource: the agent's and its server's together (draft -11, section 11.7). */
  #capabilities(): readonly string[] {
    const own = capabilitiesOf(this.#participation);
    const isRelayed = !own.includes("interaction") && this.#relayServer(this.#credential) !== undefined;
    return isRelayed ? ["interaction", ...own] : own;
  }

  async #keepSession(head: ResponseHead): Promise<void> {
    const { profile, tokens } = this.#options;
    const session = await this.#readHead(head, profile.calls.readSession);
    if (session === undefined) return;
    this.#session = session;
    await tokens.keepSession(session, this.#callContext());
    this.#observe({ type: "session_received", resource: this.#resource });
  }

  /** @throws what the profile throws, once the response is let go */
  async #readHead<T>(
    head: ResponseHead,
    read: ((head: ResponseHead) => T) | undefined,
  ): Promise<T | undefined> {
    try {
      return read?.(head);
    } catch (error) {
      await this.#discardResponse();
      throw atHop(error, this.#resource);
    }
  }

  async #demandIn(response: Response, head: ResponseHead): Promise<Demand | undefined> {
    const { profile, revealTokens } = this.#options;
    const { url, status } = head;
    const read = await this.#readHead(head, profile.calls.readDemand);
    if (read === undefined) return undefined;
    const demand = await this.#withQuestion(read, response);
    if (this.#observe === ignoreEvents || demand.level === "") return demand;
    const { level, server, resourceToken } = demand;
    const shown = resourceToken === undefined ? undefined : shownOrNothing(resourceToken, revealTokens);
    this.#observe({
      type: "challenge_received",
      url,
      status,
      level,
      ...(server === undefined ? {} : { authServer: server }),
      ...(shown === undefined ? {} : { resourceToken: shown }),
    });
    return demand;
  }

  /** A question stands in the body of a response that has no other use. */
  async #withQuestion(demand: Demand, response: Response): Promise<Demand> {
    const { pending } = demand;
    const { readQuestion } = this.#options.profile.calls;
    if (pending === undefined || readQuestion === undefined || pending.requirement !== "clarification")
      return demand;
    const text = await readShortly(response.body, MAX_QUESTION_BYTES, this.#request.signals);
    const members = text === undefined ? undefined : parseJsonObject(text);
    const clarification = members && readQuestion(members);
    return clarification === undefined ? demand : { ...demand, pending: { ...pending, clarification } };
  }

  async #obtain(demand: Demand): Promise<CallOutcome> {
    try {
      await this.#findServers();
      this.#demand = await this.#trusted(demand);
    } catch (error) {
      return { type: "obtain-failed", error: atHop(error, this.#resource) };
    }
    return this.#obtainFor(this.#demand);
  }

  async #obtainFor(demand: TokenDemand, left?: LeftWaiting): Promise<CallOutcome> {
    try {
      await this.#findServers();
      const { tokens } = this.#options;
      const obtained = await tokens.obtain(demand, this.#callContext(), this.#presented, left);
      return { type: "obtained", ...obtained };
    } catch (error) {
      if (error instanceof LeftPending)
        throw new AnswerPendingError(error.message, this.#waitingOf(error.left, demand.server, demand));
      return { type: "obtain-failed", error: atHop(error, demand.server) };
    }
  }

  /** The answer of the caller, as the server gets it. Less scope means another resource token, which the resource has to issue. */
  async #clarify(
    question: Clarification,
    ask: NonNullable<FetchContext["onClarification"]>,
  ): Promise<ClarificationAnswer> {
    const reply = await ask(question);
    if (reply.action !== "reduce") return reply;
    const presentedToken = this.#shown;
    const demand =
      presentedToken === undefined
        ? undefined
        : await this.#askOffer(reply.scope, { scheme: "jwt", jwt: presentedToken });
    const resourceToken = demand && (await this.#trustedOffer(demand, reply.scope)).resourceToken;
    if (presentedToken === undefined || resourceToken === undefined) {
      throw untrusted("the resource issues no resource token for less scope");
    }
    const { justification } = reply;
    return { action: "update", resourceToken, presentedToken, justification };
  }

  /** What servers are asked for is what a resource has demanded. */
  #keepDemanded(left: LeftWaiting, keep: NonNullable<FetchContext["onWaiting"]>): void {
    const demand = this.#demand;
    if (demand !== undefined) keep(this.#waitingOf(left, demand.server, demand));
  }

  #waitingOf(left: LeftWaiting, party: string, demand?: TokenDemand): Waiting {
    return waitingOf({
      profile: this.#options.profile.name,
      keyThumbprint: this.#key.thumbprint,
      party,
      request: this.#request,
      context: { ...this.#context, resource: this.#resource },
      progress: {
        state: this.#state,
        left,
        ...(this.#shown !== undefined && { presented: this.#shown }),
        ...(demand && { demand }),
        ...(this.#covers && { covers: this.#covers }),
      },
    });
  }

  async #discardHeld(): Promise<CallOutcome> {
    await this.#options.tokens.discard(this.#callContext());
    this.#key = this.#current;
    return { type: "held", token: (await this.#held())?.token };
  }

  async #tokenRejected(): Promise<AAuthAgentError> {
    const response = this.#response!;
    const { status, headers } = response;
    const words = await answerWords(response, this.#request.signals);
    return new TokenRejectedError(words, status, parseRefusal(headers.get(REFUSAL_FIELD)));
  }

  /** The answer of a deferred request: a signed look without body, or the answer to a question. */
  async #poll(
    { pending, token, slower }: Omit<Extract<CallStep, { do: "poll" }>, "do">,
    left?: LeftWaiting,
  ): Promise<CallOutcome> {
    const { signals } = this.#request;
    this.#pendingAnswer ??= this.#createPendingAnswer(left);
    if (slower) this.#pendingAnswer.slower();
    if (token !== undefined) this.#present(token);
    const { url, method, contentType, body, withdrawn } = await this.#nextLook(this.#pendingAnswer, pending);
    const outcome = await this.#sendOnce({
      method,
      url,
      headers: contentType === undefined ? {} : { "content-type": contentType },
      body: body === undefined ? undefined : new TextEncoder().encode(body),
      signals,
    });
    if (withdrawn === undefined) return outcome;
    await this.#discardResponse();
    throw atHop(withdrawn, this.#resource);
  }

  async #nextLook(answer: PendingAnswer, pending: PendingState) {
    try {
      return await answer.next(pending);
    } catch (error) {
      if (error instanceof LeftPending)
        throw new AnswerPendingError(error.message, this.#waitingOf(error.left, this.#resource));
      throw atHop(error, this.#resource);
    }
  }

  #createPendingAnswer(left: LeftWaiting | undefined): PendingAnswer {
    const { profile, pendingMs, now } = this.#options;
    const { onWaiting } = this.#context;
    return new PendingAnswer({
      asked: this.#request.url,
      party: this.#resource,
      pendingMs,
      participation: {
        ...this.#participation,
        keep: onWaiting && ((left) => onWaiting(this.#waitingOf(left, this.#resource))),
      },
      pageOf: profile.calls.pageOf,
      formatClarification: profile.grants.clarify,
      now,
      observe: this.#observe,
      signal: anyOf(this.#request.signals),
      untrusted,
      relay: (interaction) => this.#relay(interaction),
      left,
    });
  }

  /** Asks the agent's own server to bring the person to a page of the resource. */
  async #relay(interaction: Interaction): Promise<boolean> {
    const { profile, client } = this.#options;
    const { relay } = profile.grants;
    const identity = await this.#options.identity(this.#key);
    const server = this.#relayServer(identity);
    if (relay === undefined || server === undefined) return false;
    const context = { ...NOTHING, identity, hints: this.#hints() };
    const circumstances = { ...this.#circumstances(), trustedServers: [server] };
    return client.relay(() => relay(server, interaction, context), circumstances);
  }

  /**
   * The agent's own server, which may reach the person. Where an upstream token stands for them,
   * their caller does; a sub-agent has its parent.
   */
  #relayServer(identity: Credential): string | undefined {
    const { profile, trustedServers, isSubAgent } = this.#options;
    const { relay, serverOf } = profile.grants;
    if (relay === undefined || isSubAgent || this.#context.upstreamToken !== undefined) return undefined;
    return serverOf?.({ identity, trustedServers, upstreamToken: undefined });
  }

  /**
   * A resource may send a user to itself and nowhere else: an address at another origin would make this agent a way to bring its users to
   * any page.
   */
  #interactionRequired(address: string): AAuthAgentError {
    const url = URL.parse(address);
    const isOwn =
      url?.origin === new URL(this.#resource).origin && url.username === "" && url.password === "";
    if (url === null || !isOwn) {
      return untrusted("the resource sends users to an address that is not its own");
    }
    url.hash = "";
    url.searchParams.set(this.#options.profile.calls.returnParameter, this.#context.returnUrl ?? "");
    const { thumbprint: keyThumbprint } = this.#key;
    return new UserInteractionRequiredError({
      interactionUrl: url.href,
      resource: this.#resource,
      keyThumbprint,
    });
  }
}

const headOf = ({ status, headers }: Response, url: string): ResponseHead => ({
  status,
  url,
  field: (name) => headers.get(name),
});

const untrusted = (reason: string) => new AAuthAgentError("challenge_untrusted", reason);

/** More than any question. */
const MAX_QUESTION_BYTES = 65_536;

/** A token that cannot be read is refused a moment later. */
function shownOrNothing(token: string, revealTokens: boolean): ShownToken | undefined {
  try {
    return showToken(token, revealTokens);
  } catch {
    return undefined;
  }
}

/** What the calls of one agent share. */
export interface CallOptions {
  readonly profile: AgentProfile;
  readonly id: string;
  readonly keys: AgentKeys;
  /** Whether the first request shows a key and nothing else. */
  readonly isAnonymous: boolean;
  readonly identity: (key: SigningKey) => Promise<Credential>;
  /** Whether an anonymous agent may say who it is when it is asked. */
  readonly mayIdentify: boolean;
  readonly trustedServers: readonly string[];
  /** Whether its tokens come from a parent. */
  readonly isSubAgent: boolean;
  readonly discovery: Discovery;
  readonly send: Sender;
  readonly client: GrantClient;
  readonly tokens: GrantSource;
  readonly observer: AgentObserver | undefined;
  readonly revealTokens: boolean;
  readonly now: () => number;
  readonly timeoutMs: number;
  /** For a pending answer. */
  readonly pendingMs: number;
  readonly maxRequestBodyBytes: number;
}
