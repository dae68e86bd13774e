/**
 * A `fetch` that signs, and that meets what a resource demands: the profile decides each step, this file carries it out.
 *
 * @module
 */

import { AAuthAgentError, TokenRejectedError, UserInteractionRequiredError } from "../errors.ts";
import { parseRefusal, REFUSAL_FIELD } from "../profiles/refusal.ts";
import type {
  CallOutcome,
  CallState,
  CallStep,
  Credential,
  Demand,
  TokenDemand,
  WireProfile,
} from "../profiles/wire-profile.ts";
import type { SigningKey } from "../types.ts";
import { type AgentKeys, keyBoundIn, pinnedTo } from "./agent-keys.ts";
import { answerWords } from "./answer-words.ts";
import {
  type AgentObserver,
  combineObservers,
  ignoreEvents,
  type RetryReason,
  type ShownToken,
  showToken,
} from "./events.ts";
import type { GrantClient } from "./grant-client.ts";
import type { CallContext, GrantSource, HeldToken } from "./grant-source.ts";
import { type CallersRequest, type OutgoingRequest, readOutgoingRequest } from "./outgoing-request.ts";
import { createPolling, type Polling } from "./polling.ts";
import type { Sender } from "./sender.ts";
import { anyOf } from "./timeout.ts";
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
  #presented: string | undefined;
  #attempts = 0;
  #response: Response | undefined;
  #demand: TokenDemand | undefined;
  #nextLook: Polling | undefined;

  constructor(options: CallOptions, context: FetchContext, request: CallersRequest, observe: AgentObserver) {
    this.#options = options;
    this.#context = context;
    this.#request = request;
    this.#observe = observe;
    this.#resource = context.resource ?? request.origin;
    this.#keys = pinnedTo(context.keyThumbprint, options.keys);
    this.#current = this.#keys.current();
    this.#key = this.#current;
  }

  /** The profile decides on a step, this class carries it out, and from what has come of it the profile decides on the next. */
  async run(): Promise<Response> {
    const { isAnonymous, mayIdentify, profile } = this.#options;
    const { returnUrl, scope } = this.#context;
    const circumstances = { isAnonymous, mayIdentify, mayInteract: returnUrl !== undefined, scope };
    let state: CallState = {};
    let outcome = await this.#start();
    for (let steps = 0; steps < MAX_STEPS; ) {
      const decision = profile.calls.decide(state, outcome, circumstances);
      const { step } = decision;
      if (step.do === "answer") return this.#response!;
      // Looks at a pending answer are limited by time.
      if (step.do !== "poll") steps++;
      state = decision.state;
      outcome = await this.#carryOut(step);
    }
    throw new AAuthAgentError("challenge_repeated", "the call did not come to an end");
  }

  async #carryOut(step: Exclude<CallStep, { do: "answer" }>): Promise<CallOutcome> {
    const keepsResponse =
      step.do === "report-rejected" || step.do === "offer" || (step.do === "obtain" && step.keepsResponse);
    if (!keepsResponse) await this.#discardResponse();
    switch (step.do) {
      case "offer":
        return this.#offer(step.scope);
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
        throw await this.#tokenRejected();
      case "poll":
        return this.#poll(step);
      case "ask":
        throw this.#interactionRequired(step.interaction);
      case "throw":
        if (step.forgets && this.#demand)
          await this.#options.tokens.forget(this.#demand, this.#callContext());
        throw step.error;
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
    };
  }

  async #offer(scope: string): Promise<CallOutcome> {
    const { client, identity, revealTokens } = this.#options;
    const credential = await identity(this.#key);
    const demand = await client.offer(this.#resource, scope, credential, {
      key: this.#key,
      context: { redirectUri: undefined, state: undefined },
      observe: this.#observe,
      signal: anyOf(this.#request.signals),
    });
    if (demand === undefined) return { type: "offered", demand };
    const offered = this.#trusted(demand).scope.split(" ");
    const asked = scope.split(" ");
    if (!offered.every((word) => word === "" || asked.includes(word))) {
      throw untrusted("the resource token is for more than was asked");
    }
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

  #trusted(demand: Demand): TokenDemand {
    const { profile, trustedServers, id: agent, now } = this.#options;
    const { thumbprint } = this.#key;
    const expected = { trustedServers, resource: this.#resource, agent, thumbprint, now: now() };
    return profile.calls.checkDemand(demand, expected);
  }

  async #send(step: Extract<CallStep, { do: "send" }>): Promise<CallOutcome> {
    const { reason } = step;
    if (step.as === "token") this.#present(step.token);
    else if (step.as === "first" && this.#options.isAnonymous) this.#credential = { scheme: "hwk" };
    else this.#credential = await this.#options.identity(this.#key);
    if (reason !== undefined) {
      const { url, method } = this.#request;
      this.#observe({ type: "request_retried", url, method, scheme: this.#credential.scheme, reason });
    }
    return this.#sendOnce(this.#request, reason);
  }

  #present(token: string): void {
    this.#credential = { scheme: "jwt", jwt: token };
    this.#presented = token;
  }

  async #sendOnce(request: OutgoingRequest, retryReason?: RetryReason): Promise<CallOutcome> {
    const { timeoutMs, send } = this.#options;
    const response = await send(request, {
      key: this.#key,
      credential: this.#credential,
      purpose: "resource",
      attempt: ++this.#attempts,
      retryReason,
      timeoutMs,
      observe: this.#observe,
    });
    this.#response = response;
    return { type: "response", status: response.status, demand: await this.#demandIn(response) };
  }

  async #demandIn(response: Response): Promise<Demand | undefined> {
    const { profile, revealTokens } = this.#options;
    const { url } = this.#request;
    let demand: Demand | undefined;
    try {
      const field = (name: string) => response.headers.get(name);
      demand = profile.calls.readDemand({ status: response.status, url, field });
    } catch (error) {
      await this.#discardResponse();
      throw error;
    }
    if (demand === undefined || this.#observe === ignoreEvents) return demand;
    const { level, server, resourceToken } = demand;
    const shown = resourceToken === undefined ? undefined : shownOrNothing(resourceToken, revealTokens);
    this.#observe({
      type: "challenge_received",
      url,
      status: response.status,
      level,
      ...(server === undefined ? {} : { authServer: server }),
      ...(shown === undefined ? {} : { resourceToken: shown }),
    });
    return demand;
  }

  async #obtain(demand: Demand): Promise<CallOutcome> {
    try {
      this.#demand = this.#trusted(demand);
      const token = await this.#options.tokens.obtain(this.#demand, this.#callContext(), this.#presented);
      return { type: "obtained", token };
    } catch (error) {
      return { type: "obtain-failed", error };
    }
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

  /** The answer of a deferred request: a signed look without body. */
  async #poll({ pending, token }: Extract<CallStep, { do: "poll" }>): Promise<CallOutcome> {
    const { url, signals } = this.#request;
    this.#nextLook ??= createPolling(url, this.#options.pendingMs, untrusted);
    const location = await this.#nextLook(pending, anyOf(signals));
    if (token !== undefined) this.#present(token);
    return this.#sendOnce({ method: "GET", url: location, headers: {}, body: undefined, signals });
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

const untrusted = (reason: string) => new AAuthAgentError("challenge_untrusted", reason);

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
  readonly profile: WireProfile;
  readonly id: string;
  readonly keys: AgentKeys;
  /** Whether the first request shows a key and nothing else. */
  readonly isAnonymous: boolean;
  readonly identity: (key: SigningKey) => Promise<Credential>;
  /** Whether an anonymous agent may say who it is when it is asked. */
  readonly mayIdentify: boolean;
  readonly trustedServers: readonly string[];
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
