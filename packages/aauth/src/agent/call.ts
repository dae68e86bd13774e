/**
 * A `fetch` that signs requests and meets the requirements of resources. The profile decides each
 * step; this file executes it.
 *
 * @module
 */

import {
  AAuthAgentError,
  AnswerPendingError,
  TokenRejectedError,
  UserInteractionRequiredError,
} from "../errors.ts";
import type { CallOutcome, CallState, CallStep, Challenge, WantedToken } from "../profile/calls.ts";
import { parseRefusal, REFUSAL_FIELD } from "../profile/refusal.ts";
import type { Clarification, ClarificationAnswer } from "../profile/waiting.ts";
import type { SigningKey, WaitingCall } from "../types.ts";
import { type AgentKeys, keyBoundIn, pinnedTo } from "./agent-keys.ts";
import { answerWords } from "./answer-words.ts";
import type { AgentParts } from "./context.ts";
import { combineObservers, ignoreEvents, showToken } from "./events.ts";
import { type CallersRequest, readOutgoingRequest } from "./outgoing-request.ts";
import { ResourceExchange, type ResourceReply } from "./resource-exchange.ts";
import { anyOf, unlessAborted } from "./timeout.ts";
import { requestOffer } from "./token-request.ts";
import type { HeldToken, ResourceCall, TokenSource } from "./token-source.ts";
import type { FetchContext } from "./types.ts";
import {
  type PollState,
  type Progress,
  progressOf,
  requestOf,
  StillDeferredError,
  waitingOf,
} from "./waiting-call.ts";

/** Exceeds the steps of any profile, so that a faulty profile cannot loop forever. */
const MAX_STEPS = 64;

/** Creates the `fetch` of one context. */
export function createCall(parts: AgentParts, tokens: TokenSource, context: FetchContext): typeof fetch {
  return async (input, init) => {
    const { maxRequestBodyBytes: maxBodyBytes = 1_048_576, profile } = parts;
    const request = await readOutgoingRequest(input, init, {
      maxBodyBytes,
      signal: context.signal,
      signatureFields: profile.messages.fields,
    });
    return new Call(parts, tokens, context, request).run();
  };
}

/**
 * Resumes a waiting call.
 *
 * @param context context of the call, including the members stored in `waiting`
 * @throws AAuthAgentError `waiting_key_gone`
 */
export async function resumeCall(
  parts: AgentParts,
  tokens: TokenSource,
  context: FetchContext,
  waiting: WaitingCall,
): Promise<Response> {
  const request = requestOf(waiting, context.signal);
  const { keyThumbprint } = waiting;
  if (!parts.keys.usable().some(({ thumbprint }) => thumbprint === keyThumbprint)) {
    throw new AAuthAgentError(
      "waiting_key_gone",
      "the key that signed the waiting request is no longer held",
    );
  }
  const progress = progressOf(waiting);
  return new Call(parts, tokens, { ...context, keyThumbprint }, request, progress).run();
}

class Call {
  readonly #parts: AgentParts;
  readonly #tokens: TokenSource;
  readonly #given: FetchContext;
  readonly #request: CallersRequest;
  readonly #resumed: Progress | undefined;
  readonly #keys: AgentKeys;
  /** One key for the whole call, even across a rotation, because challenges are bound to it. */
  readonly #current: SigningKey;
  readonly #exchange: ResourceExchange;
  #context: ResourceCall;
  #state: CallState;
  /** The last token for the resource that a request carried. */
  #presented: string | undefined;
  /** The token requested last. */
  #wanted: WantedToken | undefined;
  /** The token being requested. */
  #asking: WantedToken | undefined;

  constructor(
    parts: AgentParts,
    tokens: TokenSource,
    given: FetchContext,
    request: CallersRequest,
    resumed?: Progress,
  ) {
    const { resource = request.origin, onClarification, onWaiting, ...context } = given;
    this.#parts = parts;
    this.#tokens = tokens;
    this.#given = given;
    this.#request = request;
    this.#resumed = resumed;
    this.#state = resumed?.state ?? {};
    this.#keys = pinnedTo(given.keyThumbprint, parts.keys);
    this.#current = this.#keys.current();
    this.#context = {
      ...context,
      resource,
      key: this.#current,
      signal: anyOf(request.signals),
      observe: combineObservers(parts.observer, given.observer),
      trustedServers: parts.trustedAuthServers,
      clarify: onClarification && ((question) => this.#clarify(question, onClarification)),
      onPoll: onWaiting && ((state) => onWaiting(this.#waitingOf(state))),
    };
    const polling = resumed?.wanted === undefined ? resumed?.polling : undefined;
    this.#exchange = new ResourceExchange(parts, tokens, request, resource, polling);
    this.#exchange.covers = resumed?.covers;
  }

  /** Runs the call: the profile decides on each step from the outcome of the previous one. */
  async run(): Promise<Response> {
    const { profile, signatureScheme, mayIdentify = true } = this.#parts;
    const { resource, returnUrl, scope } = this.#context;
    const isAnonymous = signatureScheme === "hwk";
    const circumstances = { isAnonymous, mayIdentify, resource, returnUrl, scope };
    try {
      let outcome = await (this.#resumed === undefined ? this.#start() : this.#resume(this.#resumed));
      for (let steps = 0; steps < MAX_STEPS; ) {
        const { step, state } = profile.calls.decide(this.#state, outcome, circumstances);
        if (step.do === "answer") return this.#exchange.response!;
        // Polls are limited by time instead.
        if (step.do !== "poll") steps++;
        this.#state = state;
        outcome = await this.#carryOut(step);
      }
      throw new AAuthAgentError("challenge_repeated", `the call exceeds ${MAX_STEPS} steps`);
    } catch (error) {
      if (!(error instanceof StillDeferredError)) throw AAuthAgentError.from(error);
      throw new AnswerPendingError(error.message, this.#waitingOf(error.state));
    }
  }

  /**
   * Starts a call. A token issued before a key rotation is used with the key that it is bound to.
   */
  async #start(): Promise<CallOutcome> {
    const { authToken: token } = this.#given;
    if (token !== undefined) {
      this.#useKey(await keyBoundIn(token, this.#keys));
      return { type: "started", token };
    }
    const held = await this.#held();
    if (held === undefined) return { type: "started" };
    if (held.isAgeing) return { type: "started", ageing: held.token };
    return { type: "started", token: held.token, held: { isCurrentKey: held.key === this.#current } };
  }

  async #resume({ polling, presented, wanted }: Progress): Promise<CallOutcome> {
    if (presented !== undefined) this.#present(presented);
    else await this.#identify();
    if (wanted !== undefined) return this.#obtainWanted(wanted, polling);
    return this.#poll({ deferred: polling.deferred });
  }

  async #carryOut(step: Exclude<CallStep, { do: "answer" }>): Promise<CallOutcome> {
    const { resource } = this.#context;
    const keepsResponse =
      step.do === "report-rejected" || step.do === "offer" || (step.do === "obtain" && step.keepsResponse);
    if (!keepsResponse) await this.#exchange.discardResponse();
    switch (step.do) {
      case "cover":
        this.#exchange.covers = step.components;
        return responseOf(await this.#exchange.send(this.#context));
      case "offer":
        return this.#offer(step);
      case "send":
        return this.#send(step);
      case "obtain":
        return this.#obtain(step.challenge);
      case "discard-held":
        await this.#tokens.discard(this.#context);
        this.#useKey(this.#current);
        return { type: "held", token: (await this.#held())?.token };
      case "report-rejected":
        // A token that the caller supplied is not in the cache.
        if (this.#presented !== this.#given.authToken) await this.#tokens.forget(this.#context, this.#wanted);
        throw AAuthAgentError.from(await this.#tokenRejected(), resource);
      case "poll":
        return this.#poll(step);
      case "ask": {
        const { interactionUrl } = step;
        const { thumbprint: keyThumbprint } = this.#context.key;
        throw new UserInteractionRequiredError({ interactionUrl, resource, keyThumbprint });
      }
      case "throw":
        if (step.forgets && this.#wanted) await this.#tokens.forget(this.#context, this.#wanted);
        throw AAuthAgentError.from(step.error, resource);
    }
  }

  // ----------------------------------------------------------------------- credentials of requests

  #useKey(key: SigningKey): void {
    this.#context = { ...this.#context, key };
  }

  async #identify(): Promise<void> {
    this.#exchange.signatureKey = await this.#parts.identity(this.#context.key);
  }

  #present(token: string): void {
    this.#exchange.signatureKey = { scheme: "jwt", jwt: token };
    this.#presented = token;
  }

  /** The token for the resource that the last request carried, if any. */
  #shown(): string | undefined {
    const { signatureKey } = this.#exchange;
    return signatureKey.scheme === "jwt" && signatureKey.jwt === this.#presented
      ? this.#presented
      : undefined;
  }

  async #held(): Promise<HeldToken | undefined> {
    const held = await this.#tokens.held(this.#context, this.#keys.usable());
    if (held !== undefined) this.#useKey(held.key);
    return held;
  }

  // -------------------------------------------------------------------------------------- requests

  async #send(step: Extract<CallStep, { do: "send" }>): Promise<CallOutcome> {
    const { reason } = step;
    if (step.as === "token") this.#present(step.token);
    else if (step.as === "first" && this.#parts.signatureScheme === "hwk")
      this.#exchange.signatureKey = { scheme: "hwk" };
    else await this.#identify();
    if (reason !== undefined) {
      const { url, method } = this.#request;
      const { scheme } = this.#exchange.signatureKey;
      this.#context.observe({ type: "request_retried", url, method, scheme, reason });
    }
    return responseOf(await this.#exchange.send(this.#context, reason));
  }

  async #poll({ deferred, token }: Omit<Extract<CallStep, { do: "poll" }>, "do">): Promise<CallOutcome> {
    this.#asking = undefined;
    if (token !== undefined) this.#present(token);
    try {
      return responseOf(await this.#exchange.poll(deferred, this.#context));
    } catch (error) {
      throw AAuthAgentError.from(error, this.#context.resource);
    }
  }

  async #offer({ scope, token }: Extract<CallStep, { do: "offer" }>): Promise<CallOutcome> {
    const { resource, observe } = this.#context;
    if (token === undefined) await this.#identify();
    else this.#present(token);
    const challenge = await this.#requestOffer(scope).catch((error: unknown) => {
      throw AAuthAgentError.from(error, resource);
    });
    if (challenge === undefined) return { type: "offered", challenge };
    await this.#findServers();
    await this.#trustedOffer(challenge, scope);
    if (observe !== ignoreEvents) {
      const { resourceToken = "", server: authServer = "" } = challenge;
      const shown = showToken(resourceToken, this.#parts.revealTokens);
      observe({ type: "resource_token_received", resource, authServer, resourceToken: shown });
    }
    return { type: "offered", challenge };
  }

  async #requestOffer(scope: string): Promise<Challenge | undefined> {
    const { signatureKey } = this.#exchange;
    const offer = await requestOffer(this.#parts, scope, signatureKey, this.#context);
    if (offer !== undefined) await this.#exchange.keepSession(offer.head, this.#context);
    return offer?.challenge;
  }

  // ---------------------------------------------------------------------------------------- tokens

  async #obtain(challenge: Challenge): Promise<CallOutcome> {
    let wanted: WantedToken;
    try {
      await this.#findServers();
      wanted = await this.#trusted(challenge);
    } catch (error) {
      return { type: "obtain-failed", error: AAuthAgentError.from(error, this.#context.resource) };
    }
    return this.#obtainWanted(wanted);
  }

  async #obtainWanted(wanted: WantedToken, resumed?: PollState): Promise<CallOutcome> {
    this.#wanted = wanted;
    this.#asking = wanted;
    try {
      await this.#findServers();
      const obtained = await this.#tokens.obtain(wanted, this.#context, this.#presented, resumed);
      return { type: "obtained", ...obtained };
    } catch (error) {
      if (error instanceof StillDeferredError) throw error;
      return { type: "obtain-failed", error: AAuthAgentError.from(error, wanted.server) };
    }
  }

  /**
   * Determines the servers that may issue tokens when the first one is needed, in a profile in
   * which they are not configured.
   */
  async #findServers(): Promise<void> {
    const { profile, trustedAuthServers: trustedServers, identity } = this.#parts;
    const { ownServer } = profile.tokenRequests;
    const { key, upstreamToken } = this.#context;
    if (ownServer === undefined || this.#context.trustedServers !== trustedServers) return;
    const server = ownServer.serverOf({ identity: await identity(key), trustedServers, upstreamToken });
    if (server === undefined) {
      const reason = "the resource requires a person, but this agent has no person server";
      throw new AAuthAgentError("person_required", reason);
    }
    this.#context = { ...this.#context, trustedServers: [server] };
  }

  async #trusted(challenge: Challenge): Promise<WantedToken> {
    const { profile, id: agent, now, discovery } = this.#parts;
    const { key, resource, trustedServers, signal } = this.#context;
    const party = { trustedServers, resource, agent, thumbprint: key.thumbprint };
    const expected = { ...party, presented: this.#shown(), now: now() };
    const wanted = profile.calls.checkChallenge(challenge, expected);
    const { resourceToken } = wanted;
    const proof = resourceToken && profile.calls.proveResourceToken?.(resourceToken, discovery);
    if (proof) await unlessAborted(proof, signal);
    return wanted;
  }

  async #trustedOffer(challenge: Challenge, scope: string): Promise<WantedToken> {
    const wanted = await this.#trusted(challenge);
    const asked = scope.split(" ");
    if (!wanted.scope.split(" ").every((word) => word === "" || asked.includes(word))) {
      throw untrusted("the resource token has more scope than requested");
    }
    return wanted;
  }

  /**
   * Converts the caller's answer into the one for the server. A reduced scope needs another
   * resource token from the resource.
   */
  async #clarify(
    question: Clarification,
    ask: NonNullable<FetchContext["onClarification"]>,
  ): Promise<ClarificationAnswer> {
    const reply = await ask(question);
    if (reply.action !== "reduce") return reply;
    const presentedToken = this.#shown();
    const challenge = presentedToken && (await this.#requestOffer(reply.scope));
    const resourceToken = challenge && (await this.#trustedOffer(challenge, reply.scope)).resourceToken;
    if (!presentedToken || !resourceToken) {
      throw untrusted("the resource issued no resource token for the reduced scope");
    }
    const { justification } = reply;
    return { action: "update", resourceToken, presentedToken, justification };
  }

  // -------------------------------------------------------------------------------- other outcomes

  /** Serializes the call while it waits for a token, or for the response of the resource. */
  #waitingOf(polling: PollState): WaitingCall {
    const { resource, key } = this.#context;
    const wanted = this.#asking;
    return waitingOf({
      profile: this.#parts.profile.name,
      keyThumbprint: key.thumbprint,
      party: wanted?.server ?? resource,
      request: this.#request,
      context: { ...this.#given, resource },
      progress: {
        ...{ state: this.#state, polling, wanted },
        ...{ presented: this.#shown(), covers: this.#exchange.covers },
      },
    });
  }

  async #tokenRejected(): Promise<AAuthAgentError> {
    const response = this.#exchange.response!;
    const { status, headers } = response;
    const words = await answerWords(response, this.#request.signals);
    return new TokenRejectedError(words, status, parseRefusal(headers.get(REFUSAL_FIELD)));
  }
}

const responseOf = ({ status, challenge }: ResourceReply): CallOutcome => ({
  type: "response",
  status,
  challenge,
});

const untrusted = (reason: string) => new AAuthAgentError("challenge_untrusted", reason);
