/**
 * A `fetch` that signs requests and meets the requirements of resources. The profile decides each
 * step; this file executes it.
 *
 * @module
 */

import { AAuthAgentError, citing, StillWaitingError, TokenRejectedError } from "../errors.ts";
import type {
  CallOutcome,
  CallState,
  CallStep,
  Challenge,
  RetryReason,
  WantedToken,
} from "../profile/calls.ts";
import { parseRefusal, REFUSAL_FIELD } from "../profile/refusal.ts";
import type { Clarification, ClarificationAnswer } from "../profile/waiting.ts";
import type { SigningKey, WaitingCall } from "../types.ts";
import { type AgentKeys, keyBoundIn, pinnedTo } from "./agent-keys.ts";
import { type AgentParts, type CallInput, contextOf } from "./context.ts";
import { errorText } from "./error-text.ts";
import { ignoreEvents, showToken } from "./events.ts";
import { type CallersRequest, type OutgoingRequest, readOutgoingRequest } from "./outgoing-request.ts";
import { relay } from "./person-server-requests.ts";
import { type Poll, Polling } from "./polling.ts";
import { type Attempt, type ResourceReply, send } from "./resource-request.ts";
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
    throw new AAuthAgentError("waiting_key_gone", "the key of the waiting request is no longer held");
  }
  const progress = progressOf(waiting);
  return new Call(parts, tokens, { ...context, keyThumbprint }, request, progress).run();
}

/** Context of a call, and the key that it is pinned to. */
type GivenContext = FetchContext & Pick<CallInput, "keyThumbprint">;

class Call {
  readonly #parts: AgentParts;
  readonly #tokens: TokenSource;
  readonly #given: GivenContext;
  readonly #request: CallersRequest;
  readonly #resumed: Progress | undefined;
  readonly #keys: AgentKeys;
  /** One key for the whole call, even across a rotation, because challenges are bound to it. */
  readonly #current: SigningKey;
  readonly #polling: Polling<ResourceReply, ResourceCall>;
  #context: ResourceCall;
  #state: CallState;
  #attempt: Attempt;
  /** The last response, unless it was discarded. */
  #response: Response | undefined;
  /** The last token for the resource that a request carried. */
  #presented: string | undefined;
  /** The token requested last. */
  #wanted: WantedToken | undefined;
  /** The token being requested. */
  #asking: WantedToken | undefined;

  constructor(
    parts: AgentParts,
    tokens: TokenSource,
    given: GivenContext,
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
    const input = {
      ...context,
      resource,
      url: request.url,
      signal: anyOf(request.signals),
      clarify: onClarification && ((question: Clarification) => this.#clarify(question, onClarification)),
      onPoll: onWaiting && ((state: PollState) => onWaiting(this.#waitingOf(state))),
    };
    this.#context = contextOf(parts, input, this.#current);
    this.#attempt = { ...FIRST, covers: resumed?.covers };
    this.#polling = new Polling({
      parts,
      profile: parts.profile,
      asked: request.url,
      party: resource,
      resumed: resumed?.wanted === undefined ? resumed?.polling : undefined,
      send: (poll) => this.#sendPoll(poll),
      untrusted,
      relay: (interaction, context) => relay(parts, interaction, context),
    });
  }

  /** Runs the call: the profile decides on each step from the outcome of the previous one. */
  async run(): Promise<Response> {
    const { profile } = this.#parts;
    try {
      await this.#parts.missions.requireActive(this.#context.mission);
      let outcome = await (this.#resumed === undefined ? this.#start() : this.#resume(this.#resumed));
      for (let steps = 0; steps < MAX_STEPS; ) {
        const { resource, returnUrl, scope, key } = this.#context;
        const circumstances = { resource, returnUrl, scope, thumbprint: key.thumbprint };
        const { step, state } = profile.calls.decide(this.#state, outcome, circumstances);
        if (step.do === "answer") return this.#response!;
        // Polls are limited by time instead.
        if (step.do !== "poll") steps++;
        this.#state = state;
        outcome = await this.#carryOut(step);
      }
      throw new AAuthAgentError("challenge_repeated", `the call exceeds ${MAX_STEPS} steps`);
    } catch (error) {
      const { sectionOf } = this.#parts.profile;
      await this.#parts.missions.noteEnd(this.#context.mission, error);
      if (!(error instanceof StillDeferredError)) throw citing(AAuthAgentError.from(error), sectionOf);
      throw new StillWaitingError(error.message, this.#waitingOf(error.state));
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
    if (wanted !== undefined) return this.#obtain(async () => wanted, polling);
    return this.#poll({ deferred: polling.deferred });
  }

  async #carryOut(step: Exclude<CallStep, { do: "answer" }>): Promise<CallOutcome> {
    const { resource } = this.#context;
    const keepsResponse =
      step.do === "report-rejected" || step.do === "offer" || (step.do === "obtain" && step.keepsResponse);
    if (!keepsResponse) await this.#discardResponse();
    switch (step.do) {
      case "cover":
        this.#attempt = { ...this.#attempt, covers: step.components };
        return outcomeOf(await this.#sendAs(this.#request));
      case "offer":
        return this.#offer(step);
      case "send":
        return this.#send(step);
      case "obtain":
        return this.#obtain(() => this.#trusted(step.challenge));
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
      case "throw":
        if (step.forgets && this.#wanted) await this.#tokens.forget(this.#context, this.#wanted);
        throw AAuthAgentError.from(step.error, resource);
    }
  }

  // ----------------------------------------------------------------------- credentials of requests

  #useKey(key: SigningKey): void {
    if (key !== this.#context.key) this.#context = contextOf(this.#parts, this.#context, key);
  }

  async #identify(isAnonymous = false): Promise<void> {
    const signatureKey = isAnonymous ? FIRST.signatureKey : await this.#context.identity();
    this.#attempt = { ...this.#attempt, signatureKey, token: undefined };
  }

  #present(token: string): void {
    this.#attempt = { ...this.#attempt, signatureKey: { scheme: "jwt", jwt: token }, token };
    this.#presented = token;
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
    else await this.#identify(step.as === "key");
    if (reason !== undefined) {
      const { url, method } = this.#request;
      const { scheme } = this.#attempt.signatureKey;
      this.#context.observe({ type: "request_retried", url, method, scheme, reason });
    }
    return outcomeOf(await this.#sendAs(this.#request, reason));
  }

  /** Sends the request, or a poll, as the current attempt. */
  async #sendAs(request: OutgoingRequest, reason?: RetryReason): Promise<ResourceReply> {
    const { number } = this.#attempt;
    this.#attempt = { ...this.#attempt, number: number + 1, reason, session: await this.#session() };
    const reply = await send(this.#parts, request, this.#attempt, this.#context);
    this.#response = reply.response;
    await this.#keepSession(reply.session);
    return reply;
  }

  async #sendPoll({ method, url, contentType, body, withdrawn }: Poll): Promise<ResourceReply> {
    await this.#discardResponse();
    const reply = await this.#sendAs({
      method,
      url,
      headers: contentType === undefined ? {} : { "content-type": contentType },
      body: body === undefined ? undefined : new TextEncoder().encode(body),
      signals: this.#request.signals,
    });
    if (withdrawn !== undefined) await this.#discardResponse();
    return reply;
  }

  async #discardResponse(): Promise<void> {
    const response = this.#response;
    this.#response = undefined;
    await response?.body?.cancel();
  }

  /** The resource's session token, in a profile with sessions. */
  async #session(): Promise<string | undefined> {
    const hasSessions = this.#parts.profile.calls.requestFields !== undefined;
    return this.#attempt.session ?? (hasSessions ? this.#tokens.session(this.#context) : undefined);
  }

  async #keepSession(session: string | undefined): Promise<void> {
    if (session === undefined) return;
    this.#attempt = { ...this.#attempt, session };
    await this.#tokens.storeSession(session, this.#context);
    this.#context.observe({ type: "session_received", resource: this.#context.resource });
  }

  async #poll({ deferred, token }: Omit<Extract<CallStep, { do: "poll" }>, "do">): Promise<CallOutcome> {
    this.#asking = undefined;
    if (token !== undefined) this.#present(token);
    try {
      return outcomeOf(await this.#polling.poll(deferred, this.#context));
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
    await this.#trustedOffer(challenge, scope);
    if (observe !== ignoreEvents) {
      const { resourceToken = "", server = "" } = challenge;
      const shown = showToken(resourceToken, this.#parts.revealTokens);
      observe({ type: "resource_token_received", resource, server, resourceToken: shown });
    }
    return { type: "offered", challenge };
  }

  async #requestOffer(scope: string): Promise<Challenge | undefined> {
    const { signatureKey } = this.#attempt;
    const offer = await requestOffer(this.#parts, scope, signatureKey, this.#context);
    await this.#keepSession(offer?.session);
    return offer?.challenge;
  }

  // ---------------------------------------------------------------------------------------- tokens

  /** @param find the token to obtain, from a challenge or of a resumed call */
  async #obtain(find: () => Promise<WantedToken>, resumed?: PollState): Promise<CallOutcome> {
    let party = this.#context.resource;
    try {
      const wanted = await find();
      party = wanted.server;
      this.#wanted = wanted;
      this.#asking = wanted;
      const obtained = await this.#tokens.obtain(wanted, this.#context, this.#presented, resumed);
      return { type: "obtained", ...obtained };
    } catch (error) {
      if (error instanceof StillDeferredError) throw error;
      return { type: "obtain-failed", error: AAuthAgentError.from(error, party) };
    }
  }

  async #trusted(challenge: Challenge): Promise<WantedToken> {
    const { profile, id: agent, now, discovery } = this.#parts;
    const { key, resource, signal, trustedServers } = this.#context;
    const wanted = profile.calls.checkChallenge(challenge, {
      trustedServers: await trustedServers(),
      resource,
      agent,
      thumbprint: key.thumbprint,
      presented: this.#attempt.token,
      now: now(),
      discovery,
    });
    return unlessAborted(Promise.resolve(wanted), signal);
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
    const presentedToken = this.#attempt.token;
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
        state: this.#state,
        polling,
        wanted,
        presented: this.#attempt.token,
        covers: this.#attempt.covers,
      },
    });
  }

  async #tokenRejected(): Promise<AAuthAgentError> {
    const response = this.#response!;
    const { status, headers } = response;
    const words = await errorText(response, this.#request.signals);
    return new TokenRejectedError(words, status, parseRefusal(headers.get(REFUSAL_FIELD)));
  }
}

/** Before anything is sent. */
const FIRST: Attempt = { signatureKey: { scheme: "hwk" }, number: 0 };

const outcomeOf = ({ status, challenge }: ResourceReply): CallOutcome => ({
  type: "response",
  status,
  challenge,
});

const untrusted = (reason: string) => new AAuthAgentError("challenge_untrusted", reason);
