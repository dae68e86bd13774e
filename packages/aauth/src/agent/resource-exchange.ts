/**
 * The requests of one call to its resource: signing, sending, and reading requirements.
 *
 * @module
 */

import { AAuthAgentError, AAuthError } from "../errors.ts";
import type { Challenge, ResponseHead, RetryReason } from "../profile/calls.ts";
import type { SignatureKeyScheme } from "../profile/messages.ts";
import type { DeferredResponse, Interaction } from "../profile/waiting.ts";
import { parseJsonObject } from "../tokens/json-object.ts";
import { readShortly } from "./answer-words.ts";
import { type AgentParts, capabilitiesOf } from "./context.ts";
import { ignoreEvents, type ShownToken, showToken } from "./events.ts";
import { Exchange, headOf, type Poll } from "./exchange.ts";
import type { CallersRequest, OutgoingRequest } from "./outgoing-request.ts";
import { unlessAborted } from "./timeout.ts";
import { isSuccess, notifyServer } from "./token-request.ts";
import { type ResourceCall, type TokenSource, tokenRequestContext } from "./token-source.ts";
import type { PollState } from "./waiting-call.ts";

/** Exceeds any question. */
const MAX_QUESTION_BYTES = 65_536;

/** The head of a response, and its challenge. */
export interface ResourceReply extends ResponseHead {
  readonly challenge: Challenge | undefined;
}

export class ResourceExchange {
  /** The last response, unless it was discarded. */
  response: Response | undefined;
  /** The key claim of the last request. */
  signatureKey: SignatureKeyScheme = { scheme: "hwk" };
  /** Components that the resource demands in addition. */
  covers: readonly string[] | undefined;
  #attempts = 0;
  #session: string | undefined;
  readonly #parts: AgentParts;
  readonly #tokens: TokenSource;
  readonly #request: CallersRequest;
  readonly #polling: Exchange<ResourceReply, ResourceCall>;

  constructor(
    parts: AgentParts,
    tokens: TokenSource,
    request: CallersRequest,
    party: string,
    resumed?: PollState,
  ) {
    this.#parts = parts;
    this.#tokens = tokens;
    this.#request = request;
    this.#polling = new Exchange({
      ...{ parts, profile: parts.profile, asked: request.url, party, resumed },
      send: (poll, context) => this.#sendPoll(poll, context),
      untrusted: (reason) => new AAuthAgentError("challenge_untrusted", reason),
      relay: (interaction, context) => this.#relay(interaction, context),
    });
  }

  /** Sends the request of the caller. */
  send(context: ResourceCall, reason?: RetryReason): Promise<ResourceReply> {
    return this.#send(this.#request, context, { reason });
  }

  /** Polls for the deferred response. */
  poll(deferred: DeferredResponse, context: ResourceCall): Promise<ResourceReply> {
    return this.#polling.poll(deferred, context);
  }

  async discardResponse(): Promise<void> {
    const { response } = this;
    this.response = undefined;
    await response?.body?.cancel();
  }

  /** Stores the session token of a response, if it has one. */
  async keepSession(head: ResponseHead, context: ResourceCall): Promise<void> {
    const session = await this.#read(head, context, this.#parts.profile.calls.readSession);
    if (session === undefined) return;
    this.#session = session;
    await this.#tokens.storeSession(session, context);
    context.observe({ type: "session_received", resource: context.resource });
  }

  async #sendPoll(poll: Poll, context: ResourceCall): Promise<ResourceReply> {
    const { method, url, contentType, body, withdrawn } = poll;
    const request = {
      ...{ method, url, signals: this.#request.signals },
      headers: contentType === undefined ? {} : { "content-type": contentType },
      body: body === undefined ? undefined : new TextEncoder().encode(body),
    };
    await this.discardResponse();
    const reply = await this.#send(request, context, { isPoll: true });
    if (withdrawn !== undefined) await this.discardResponse();
    return reply;
  }

  async #send(
    request: OutgoingRequest,
    context: ResourceCall,
    { reason: retryReason, isPoll }: { readonly reason?: RetryReason | undefined; readonly isPoll?: true },
  ): Promise<ResourceReply> {
    const { sendToResource, timeouts, now } = this.#parts;
    const additionalComponents = this.covers ?? (await this.#published(request, context));
    const response = await sendToResource(await this.#withFields(request, context), {
      key: context.key,
      additionalComponents,
      signatureKey: this.signatureKey,
      purpose: "resource",
      attempt: ++this.#attempts,
      retryReason,
      timeoutMs: timeouts.requestMs,
      observe: context.observe,
    });
    this.response = response;
    const head = headOf(response, this.#request.url, now, isPoll && request.url);
    await this.keepSession(head, context);
    return { ...head, challenge: await this.#challengeIn(response, head, context) };
  }

  /**
   * Components that the resource publishes, looked up only for a query, which is covered only if
   * listed.
   */
  async #published({ url }: OutgoingRequest, { resource, signal }: ResourceCall) {
    const { profile, discovery } = this.#parts;
    const { publishedComponents } = profile.calls;
    if (publishedComponents === undefined || !url.includes("?")) return undefined;
    return unlessAborted(publishedComponents(resource, discovery), signal);
  }

  /** Adds the profile's fields. A caller's field of the same name takes precedence. */
  async #withFields(request: OutgoingRequest, context: ResourceCall): Promise<OutgoingRequest> {
    const { requestFields, readSession } = this.#parts.profile.calls;
    if (requestFields === undefined) return request;
    if (readSession !== undefined) this.#session ??= await this.#tokens.session(context);
    const added = requestFields({ capabilities: this.#capabilities(context), session: this.#session });
    return { ...request, headers: { ...added, ...request.headers } };
  }

  /** Capabilities of the agent and of its server together (draft -11, section 11.7). */
  #capabilities(context: ResourceCall): readonly string[] {
    const own = capabilitiesOf(context);
    const isRelayed =
      !own.includes("interaction") && this.#relayServer(this.signatureKey, context) !== undefined;
    return isRelayed ? ["interaction", ...own] : own;
  }

  async #challengeIn(
    response: Response,
    head: ResponseHead,
    context: ResourceCall,
  ): Promise<Challenge | undefined> {
    const { profile, revealTokens } = this.#parts;
    const read = await this.#read(head, context, profile.calls.readChallenge);
    if (read === undefined) return undefined;
    const challenge = await this.#withQuestion(read, response);
    const { level, server, resourceToken } = challenge;
    if (context.observe === ignoreEvents || level === "") return challenge;
    const { url, status } = head;
    const shown = resourceToken === undefined ? undefined : shownOrNothing(resourceToken, revealTokens);
    context.observe({
      type: "challenge_received",
      url,
      status,
      level,
      authServer: server,
      resourceToken: shown,
    });
    return challenge;
  }

  /** Adds the question in the body, which is not needed otherwise. */
  async #withQuestion(challenge: Challenge, { body }: Response): Promise<Challenge> {
    const { deferred } = challenge;
    const { deferral } = this.#parts.profile.calls;
    if (deferred?.requirement !== "clarification" || deferral === undefined) return challenge;
    const text = await readShortly(body, MAX_QUESTION_BYTES, this.#request.signals);
    const members = text === undefined ? undefined : parseJsonObject(text);
    const clarification = members && deferral.readQuestion(members);
    return clarification === undefined
      ? challenge
      : { ...challenge, deferred: { ...deferred, clarification } };
  }

  /** Calls a parser of the profile, and discards the response if it throws. */
  async #read<T>(
    head: ResponseHead,
    { resource }: ResourceCall,
    read: ((head: ResponseHead) => T) | undefined,
  ): Promise<T | undefined> {
    try {
      return read?.(head);
    } catch (error) {
      await this.discardResponse();
      throw AAuthAgentError.from(error, resource);
    }
  }

  /**
   * Asks the agent's own server to bring the person to a page of the resource. If that fails, the
   * caller can still do so.
   */
  async #relay(interaction: Interaction, context: ResourceCall): Promise<boolean> {
    const parts = this.#parts;
    const { ownServer } = parts.profile.tokenRequests;
    const server = this.#relayServer(await parts.identity(context.key), context);
    if (ownServer === undefined || server === undefined) return false;
    try {
      const request = ownServer.relay(server, interaction, await tokenRequestContext(parts, context));
      const own = { ...context, trustedServers: [server] };
      // A deferred response only reports that the person was reached; the resource's response is
      // polled.
      return isSuccess((await notifyServer(parts, request, own, { isReported: true })).status);
    } catch (error) {
      if (error instanceof AAuthError) return false;
      throw error;
    }
  }

  /**
   * The agent's own server, if it may reach the person. With an upstream token the caller reaches
   * them, and for a sub-agent its parent does.
   */
  #relayServer(identity: SignatureKeyScheme, { upstreamToken }: ResourceCall): string | undefined {
    const { profile, trustedAuthServers: trustedServers, parent } = this.#parts;
    if (parent !== undefined || upstreamToken !== undefined) return undefined;
    return profile.tokenRequests.ownServer?.serverOf({ identity, trustedServers, upstreamToken });
  }
}

/** Shows a token, or nothing if it is unreadable and thus about to be refused. */
function shownOrNothing(token: string, revealTokens: boolean): ShownToken | undefined {
  try {
    return showToken(token, revealTokens);
  } catch {
    return undefined;
  }
}
