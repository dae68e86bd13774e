/**
 * Waits for one answer, of a resource or of a server: how long, who is asked meanwhile, and what is kept of it when no caller waits any more.
 *
 * @module
 */

import { AAuthAgentError } from "../errors.ts";
import type { CallRules } from "../profile/calls.ts";
import type { GrantRules } from "../profile/grants.ts";
import type { Clarification, ClarificationAnswer, Interaction, PendingState } from "../profile/waiting.ts";
import type { AgentObserver } from "./events.ts";
import { unlessAborted } from "./timeout.ts";
import type { InteractionRequest } from "./types.ts";

/** Where a server does not say when to look again. */
const DEFAULT_WAIT_SECONDS = 5;
/** A server must not make an agent spin. */
const MIN_WAIT_MS = 20;
/** By which a server that is asked too often makes the looks further apart (RFC 8628 section 3.5). */
const SLOWER_BY_SECONDS = 5;
/** What an agent answers to before it withdraws. */
const MAX_ROUNDS = 5;
/** Pages that a person is brought to for one answer. */
const MAX_PAGES = 5;

/** How a caller takes part in the waiting. */
export interface Participation {
  /** `throw`: the call ends as soon as it would have to wait. */
  readonly waiting: "poll" | "throw";
  /** Brings a person to an interaction. */
  readonly interact: ((request: InteractionRequest) => Promise<void> | void) | undefined;
  /** Receives what is kept each time that the waiting begins. */
  readonly keep?: ((left: LeftWaiting) => void) | undefined;
  /** Answers a question. */
  readonly clarify: ((question: Clarification) => Promise<ClarificationAnswer>) | undefined;
  /** Where a person's browser comes back to. */
  readonly returnUrl: string | undefined;
}

/** What the caller can do for a server, in the words that the profiles have in common. */
export function capabilitiesOf({ waiting, interact, clarify }: Participation): readonly string[] {
  const isAble = waiting === "throw";
  return [
    ...(isAble || interact !== undefined ? ["interaction"] : []),
    ...(isAble || clarify !== undefined ? ["clarification"] : []),
  ];
}

/** The next look at a pending answer. */
export interface Look {
  readonly url: string;
  readonly method: "GET" | "POST" | "DELETE";
  readonly contentType?: string | undefined;
  readonly body?: string | undefined;
  /** Why the request is withdrawn, by a DELETE. */
  readonly withdrawn?: AAuthAgentError;
}

/** What is kept of the waiting when it is left: plain data. */
export interface LeftWaiting {
  /** Its `location` is absolute. */
  readonly pending: PendingState;
  /** Unix seconds. */
  readonly nextLookAt: number;
  readonly page?: string | undefined;
  readonly slowedBySeconds: number;
  readonly rounds: number;
  readonly pages: number;
}

/** The answer is not waited for any more: the call turns it into an error that can be continued. */
export class LeftPending extends AAuthAgentError {
  readonly left: LeftWaiting;

  constructor(message: string, left: LeftWaiting) {
    super("grant_pending", message);
    this.left = left;
  }
}

export interface PendingAnswerOptions {
  /** The URL that was asked first: the answer has to be at its origin. */
  readonly asked: string;
  /** Identifier of the party that answers. */
  readonly party: string;
  /** How long the answer may take, from now on. */
  readonly pendingMs: number;
  readonly participation: Participation;
  readonly pageOf: CallRules["pageOf"];
  readonly formatClarification: GrantRules["clarify"];
  readonly now: () => number;
  readonly observe: AgentObserver;
  readonly signal: AbortSignal | undefined;
  /** The error for an answer that is promised elsewhere. */
  readonly untrusted: (reason: string) => AAuthAgentError;
  /** Brings the person to an interaction by another party; false where that is not possible. */
  readonly relay?: ((interaction: Interaction) => Promise<boolean>) | undefined;
  /** Where the waiting was left, to go on with. */
  readonly left?: LeftWaiting | undefined;
}

export class PendingAnswer {
  readonly #options: PendingAnswerOptions;
  readonly #giveUpAt: number;
  #slowedBySeconds: number;
  #rounds: number;
  #pages: number;
  /** A person is brought to each page once. */
  #shown: string | undefined;
  /** The look at which a waiting that was left goes on. */
  #resumedAt: number | undefined;

  constructor(options: PendingAnswerOptions) {
    const { left, pendingMs } = options;
    this.#options = options;
    this.#giveUpAt = performance.now() + pendingMs;
    this.#slowedBySeconds = left?.slowedBySeconds ?? 0;
    this.#rounds = left?.rounds ?? 0;
    this.#pages = left?.pages ?? 0;
    this.#resumedAt = left?.nextLookAt;
    this.#shown = left?.pending.interaction?.code;
  }

  /** The server has been asked too often. */
  slower(): void {
    this.#slowedBySeconds += SLOWER_BY_SECONDS;
  }

  /**
   * Waits until a pending answer may be looked at.
   *
   * @throws LeftPending where the caller does not wait, when the next look would be too late, and for an interaction or a question that
   * nothing here can handle
   * @throws the reason of the signal; what the caller's own functions throw
   */
  async next(pending: PendingState): Promise<Look> {
    const { asked, untrusted, participation, signal } = this.#options;
    const location = URL.parse(pending.location, asked);
    if (location === null || location.origin !== new URL(asked).origin || hasUser(location)) {
      throw untrusted("the answer is promised at another origin");
    }
    const url = location.href;
    const resumedAt = this.#resumedAt;
    this.#resumedAt = undefined;
    if (resumedAt === undefined) this.#report(pending, url);
    const leave = (reason: string) => new LeftPending(reason, this.#leave(pending, url));
    // The kept request is polled first: a question may have been answered meanwhile.
    if (resumedAt === undefined) {
      if (pending.clarification !== undefined) return this.#answer(pending.clarification, url, leave);
      if (participation.waiting === "throw") throw leave("the answer is not ready");
    }
    await this.#interact(pending.interaction, leave);

    const waitMs =
      resumedAt === undefined ? this.#waitMs(pending) : (resumedAt - this.#options.now()) * 1_000;
    const boundedMs = Math.max(MIN_WAIT_MS, waitMs);
    // Written so that a limit that is not a number ends the waiting.
    if (!(performance.now() + boundedMs <= this.#giveUpAt)) throw leave("the answer was not ready in time");
    participation.keep?.(this.#leave(pending, url));
    await delay(boundedMs, signal);
    return { url, method: "GET" };
  }

  #report({ requirement = "", interaction, clarification }: PendingState, location: string): void {
    const { party, observe } = this.#options;
    observe({
      type: "answer_pending",
      party,
      location,
      requirement,
      ...(interaction && { interaction }),
      ...(clarification && { clarification }),
    });
  }

  #waitMs({ retryAfterSeconds }: PendingState): number {
    const seconds = retryAfterSeconds >= 0 ? retryAfterSeconds : DEFAULT_WAIT_SECONDS;
    return (seconds + this.#slowedBySeconds) * 1_000;
  }

  #leave(pending: PendingState, location: string): LeftWaiting {
    const { retryAfterSeconds: _, ...kept } = pending;
    const seconds = Math.min(this.#waitMs(pending) / 1_000, MAX_SECONDS);
    return {
      pending: { ...kept, location, retryAfterSeconds: seconds },
      nextLookAt: Math.ceil(this.#options.now() + seconds),
      ...(pending.interaction && { page: this.#pageOf(pending.interaction) }),
      slowedBySeconds: this.#slowedBySeconds,
      rounds: this.#rounds,
      pages: this.#pages,
    };
  }

  async #interact(
    interaction: Interaction | undefined,
    leave: (reason: string) => LeftPending,
  ): Promise<void> {
    if (interaction === undefined || interaction.code === this.#shown) return;
    this.#shown = interaction.code;
    if (this.#pages >= MAX_PAGES) throw leave(`a person was needed at more than ${MAX_PAGES} pages`);
    this.#pages++;
    const { participation, observe, relay, signal } = this.#options;
    const page = this.#pageOf(interaction);
    // A server may pass on a page of another one: the person is told whose it is.
    const party = new URL(interaction.url).origin; // hole S30
    const isRelayed = (await relay?.(interaction)) ?? false;
    observe({ type: "interaction_required", party, ...interaction, page, isRelayed });
    if (isRelayed) return;
    const { interact } = participation;
    if (interact === undefined) throw leave("a person has to act first");
    await unlessAborted(Promise.resolve(interact({ ...interaction, page, party })), signal);
  }

  #pageOf(interaction: Interaction): string {
    const { participation, pageOf } = this.#options;
    return pageOf?.(interaction, participation.returnUrl) ?? interaction.url;
  }

  async #answer(question: Clarification, url: string, leave: (reason: string) => LeftPending): Promise<Look> {
    const { formatClarification, observe, party, signal } = this.#options;
    const { clarify } = this.#options.participation;
    if (clarify === undefined || formatClarification === undefined)
      throw leave("a question has to be answered first");
    const tooMany = this.#rounds >= MAX_ROUNDS;
    const answer: ClarificationAnswer = tooMany
      ? { action: "cancel" }
      : await unlessAborted(clarify(question), signal);
    this.#rounds++;
    observe({ type: "clarification_answered", party, action: answer.action });
    const sent = { url, ...formatClarification(answer) };
    if (answer.action !== "cancel") return sent;
    const reason = tooMany
      ? `more than ${MAX_ROUNDS} questions were asked`
      : "the caller withdrew the request";
    return { ...sent, withdrawn: new AAuthAgentError("request_cancelled", reason) };
  }
}

/** More than any answer takes, and still a time. */
const MAX_SECONDS = 86_400;

const hasUser = ({ username, password }: URL) => username !== "" || password !== "";

/** Waits, for a day at most: a longer timer would fire at once. Rejects with the signal's reason as soon as it aborts. */
function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(ms, MAX_SECONDS * 1_000));
  });
  return unlessAborted(elapsed, signal).finally(() => clearTimeout(timer));
}
