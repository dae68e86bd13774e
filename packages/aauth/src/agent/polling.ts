/**
 * Polls for a deferred response: timing, interactions and questions meanwhile, and the state for a
 * caller that does not wait.
 *
 * @module
 */

import { retryAfterOf } from "../discovery/fresh-seconds.ts";
import { AAuthAgentError } from "../errors.ts";
import type { ResponseHead } from "../profile/calls.ts";
import type { Clarification, DeferredResponse, Interaction } from "../profile/waiting.ts";
import type { AgentProfile } from "../profile/wire-profile.ts";
import type { AgentParts, CallContext } from "./context.ts";
import { delay, MAX_WAIT_SECONDS, unlessAborted } from "./timeout.ts";
import { type PollState, StillDeferredError } from "./waiting-call.ts";

/** Seconds between polls of a party that gives no `Retry-After`. */
const DEFAULT_WAIT_SECONDS = 5;
/** Minimum wait, so that a party cannot make an agent spin. */
const MIN_WAIT_MS = 20;
/** Seconds added between polls after a `429` (RFC 8628 section 3.5). */
const SLOWER_BY_SECONDS = 5;
/** Maximum questions that an agent answers before it withdraws the request. */
const MAX_QUESTIONS = 5;
/** Maximum pages to which a person is sent for one response. */
const MAX_PAGES = 5;

const TOO_MANY_REQUESTS = 429;
const UNAVAILABLE = 503;

/** A poll of a deferred response: a GET without body, or the answer to a question. */
export interface Poll {
  readonly url: string;
  readonly method: "GET" | "POST" | "DELETE";
  readonly contentType?: string | undefined;
  readonly body?: string | undefined;
  /** Reason for withdrawing the request by a DELETE, whose response body is not read. */
  readonly withdrawn?: AAuthAgentError;
}

export interface PollingOptions<Reply, Context> {
  readonly parts: AgentParts;
  readonly profile: AgentProfile;
  /** URL of the first request. The deferred response must be at the same origin. */
  readonly asked: string;
  /** Identifier of the party that answers. */
  readonly party: string;
  /** Sends a poll. */
  readonly send: (poll: Poll, context: Context) => Promise<Reply>;
  /** Creates the error for a response at another origin. */
  readonly untrusted: (reason: string) => AAuthAgentError;
  /** Lets another party bring the person to an interaction; false if that is not possible. */
  readonly relay?: ((interaction: Interaction, context: Context) => Promise<boolean>) | undefined;
  /** State of the polling of a resumed call. */
  readonly resumed?: PollState | undefined;
}

export class Polling<Reply extends ResponseHead, Context extends CallContext = CallContext> {
  readonly #options: PollingOptions<Reply, Context>;
  #giveUpAt: number | undefined;
  #slowedBySeconds: number;
  #questions: number;
  #pages: number;
  /** Code of the last interaction, so that a person is sent to each page once. */
  #shown: string | undefined;
  /** Time of a resumed call's first poll. Undefined after it. */
  #resumedAt: number | undefined;
  /** Whether to poll before answering a question, which may have been answered meanwhile. */
  #pollsFirst: boolean;

  constructor(options: PollingOptions<Reply, Context>) {
    const { resumed } = options;
    this.#options = options;
    this.#slowedBySeconds = resumed?.slowedBySeconds ?? 0;
    this.#questions = resumed?.questions ?? 0;
    this.#pages = resumed?.pages ?? 0;
    this.#resumedAt = resumed?.nextPollAt;
    this.#pollsFirst = resumed !== undefined;
    this.#shown = resumed?.deferred.interaction?.code;
  }

  /** Time left for waiting, which begins with the first call. */
  leftMs(): number {
    this.#giveUpAt ??= performance.now() + this.#options.parts.timeouts.waitingMs;
    return this.#giveUpAt - performance.now();
  }

  /**
   * Waits for a deferred response and polls until the party no longer replies 429 or 503. The reply
   * may be deferred again.
   *
   * @throws StillDeferredError if the caller does not wait, if the next poll would exceed the time
   *   limit, and for an interaction or a question without a handler
   * @throws AAuthAgentError `request_cancelled` if the caller withdraws
   * @throws the reason of the signal, and errors of the caller's own functions
   */
  async poll(deferred: DeferredResponse, context: Context): Promise<Reply> {
    for (let awaited = deferred; ; ) {
      const poll = await this.#next(awaited, context);
      const reply = await this.#options.send(poll, context);
      if (poll.withdrawn !== undefined) throw poll.withdrawn;
      const { status } = reply;
      // Neither status concerns the response itself.
      this.#pollsFirst = status === TOO_MANY_REQUESTS || status === UNAVAILABLE;
      if (!this.#pollsFirst) return reply;
      const seconds = secondsOf(reply.field("retry-after"));
      if (status === TOO_MANY_REQUESTS) this.#slowedBySeconds += SLOWER_BY_SECONDS;
      const isLonger = status === UNAVAILABLE ? seconds >= 0 : seconds > awaited.retryAfterSeconds;
      if (isLonger) awaited = { ...awaited, retryAfterSeconds: seconds };
    }
  }

  /** Waits until the next poll is due and returns it. */
  async #next(deferred: DeferredResponse, context: Context): Promise<Poll> {
    const { asked, untrusted, parts } = this.#options;
    const location = URL.parse(deferred.location, asked);
    if (location === null || location.origin !== new URL(asked).origin || hasUser(location)) {
      throw untrusted("the deferred response is at another origin");
    }
    const url = location.href;
    const resumedAt = this.#resumedAt;
    this.#resumedAt = undefined;
    if (resumedAt === undefined) this.#report(deferred, url, context);
    const stop = (reason: string) => new StillDeferredError(reason, this.#state(deferred, url, context));
    const { clarification } = deferred;
    if (clarification !== undefined && !this.#pollsFirst) {
      return this.#answer(clarification, url, stop, context);
    }
    if (context.waiting === "throw" && resumedAt === undefined) throw stop("the response is not ready");
    await this.#interact(deferred.interaction, stop, context);

    const waitMs = resumedAt === undefined ? this.#waitMs(deferred) : (resumedAt - parts.now()) * 1_000;
    const boundedMs = Math.max(MIN_WAIT_MS, waitMs);
    // Negated, so that a NaN limit ends the polling.
    if (!(boundedMs <= this.leftMs())) throw stop("the response was not ready in time");
    await unlessAborted(
      Promise.resolve(context.onPoll?.(this.#state(deferred, url, context))),
      context.signal,
    );
    await delay(boundedMs, context.signal);
    return { url, method: "GET" };
  }

  #report(deferred: DeferredResponse, location: string, { observe }: CallContext): void {
    const { requirement = "", interaction, clarification } = deferred;
    const { party } = this.#options;
    observe({ type: "answer_pending", party, location, requirement, interaction, clarification });
  }

  #waitMs({ retryAfterSeconds }: DeferredResponse): number {
    const seconds = retryAfterSeconds >= 0 ? retryAfterSeconds : DEFAULT_WAIT_SECONDS;
    return (seconds + this.#slowedBySeconds) * 1_000;
  }

  #state(deferred: DeferredResponse, location: string, context: CallContext): PollState {
    const seconds = Math.min(this.#waitMs(deferred) / 1_000, MAX_WAIT_SECONDS);
    return {
      deferred: { ...deferred, location, retryAfterSeconds: seconds },
      nextPollAt: Math.ceil(this.#options.parts.now() + seconds),
      page: deferred.interaction && this.#pageOf(deferred.interaction, context),
      slowedBySeconds: this.#slowedBySeconds,
      questions: this.#questions,
      pages: this.#pages,
    };
  }

  async #interact(
    interaction: Interaction | undefined,
    stop: (reason: string) => StillDeferredError,
    context: Context,
  ): Promise<void> {
    if (interaction === undefined || interaction.code === this.#shown) return;
    this.#shown = interaction.code;
    if (this.#pages >= MAX_PAGES) throw stop(`a person would have to act on more than ${MAX_PAGES} pages`);
    this.#pages++;
    const { onInteraction, observe, signal } = context;
    const page = this.#pageOf(interaction, context);
    // A server may pass on another party's page, so the origin is shown to the person.
    const party = new URL(interaction.url).origin; // hole S30
    const isRelayed = (await this.#options.relay?.(interaction, context)) ?? false;
    observe({ type: "interaction_required", party, ...interaction, page, isRelayed });
    if (isRelayed) return;
    if (onInteraction === undefined) throw stop("a person must act first");
    await unlessAborted(Promise.resolve(onInteraction({ ...interaction, page, party })), signal);
  }

  #pageOf(interaction: Interaction, { returnUrl }: CallContext): string {
    return this.#options.profile.calls.deferral?.pageOf(interaction, returnUrl) ?? interaction.url;
  }

  async #answer(
    question: Clarification,
    url: string,
    stop: (reason: string) => StillDeferredError,
    { clarify, observe, signal }: CallContext,
  ): Promise<Poll> {
    const { party, profile } = this.#options;
    const { deferral } = profile.calls;
    if (clarify === undefined || deferral === undefined) throw stop("a question must be answered first");
    const isTooMany = this.#questions >= MAX_QUESTIONS;
    const answer = isTooMany
      ? ({ action: "cancel" } as const)
      : await unlessAborted(clarify(question), signal);
    this.#questions++;
    observe({ type: "clarification_answered", party, action: answer.action });
    const poll = { url, ...deferral.formatClarification(answer) };
    if (answer.action !== "cancel") return poll;
    const reason = isTooMany
      ? `more than ${MAX_QUESTIONS} questions were asked`
      : "the caller withdrew the request";
    return { ...poll, withdrawn: new AAuthAgentError("request_cancelled", reason) };
  }
}

/**
 * The head of a response.
 *
 * @param polledAt address of the poll, which is used again if the response has no `Location` (draft
 * -11, section 7.5.2.1)
 */
export const headOf = (
  { status, headers }: Response,
  url: string,
  now: () => number,
  polledAt?: string,
): ResponseHead => ({
  status,
  url,
  field(name) {
    if (name === "retry-after") return retryAfterOf(headers, now());
    return headers.get(name) ?? (name === "location" && polledAt !== undefined ? polledAt : null);
  },
});

/** Parses `Retry-After`; NaN if it is absent. */
const secondsOf = (retryAfter: string | null): number =>
  retryAfter === null || retryAfter.trim() === "" ? Number.NaN : Number(retryAfter);

const hasUser = ({ username, password }: URL) => username !== "" || password !== "";
