/**
 * Requests that wait for a person or another server (draft -11, sections 7.3, 7.5, 11.6 and 11.8):
 * stored as plain data, bound to the caller, answered once. Nothing runs between polls, so any
 * process that shares the store can answer the next one.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import {
  type CodeRefusal,
  DeferredRecords,
  MissingRequestError,
  newRecord,
  randomName,
} from "../deferred/deferred-records.ts";
import { emptyAnswer } from "../draft-11/problem.ts";
import type { Answer } from "../profile/resource-rules.ts";
import { Limit } from "../store/limit.ts";
import {
  answerOf,
  failed,
  invalidRequest,
  type Outcome,
  Problem,
  type Waiting,
  waitingAnswer,
} from "./answers.ts";
import { isBoundedString } from "./assertions.ts";
import { Progress, requirementOf } from "./pending-progress.ts";
import type { ClarifiedBy, NewRequest, PendingOptions, PendingRecord } from "./pending-types.ts";
import { keyOf } from "./stores.ts";
import type { AskedRequest, Clarification, Grant, PageResult, WaitingRequest } from "./types.ts";

/** Wrong codes of one source. */
const MAX_WRONG_CODES = 20;
/** Seconds for which an outcome is available after expiry. */
const TOLD_SECONDS = 300;
/** Seconds that `slow_down` adds to the interval (section 11.8.3). */
const SLOW_DOWN_SECONDS = 5;
/** Maximum seconds for which a poll is held. */
const MAX_WAIT_SECONDS = 60;
const AT_ONCE: Waiting = {};

export class PendingRequests<Work> {
  readonly #options: PendingOptions<Work>;
  readonly #records: DeferredRecords<PendingRecord<Work>>;
  readonly #progress: Progress<Work>;
  readonly #pending: Limit;

  constructor(options: PendingOptions<Work>) {
    this.#options = options;
    const { store, now, maxPendingPerOwner: maxPerOwner, maxPendingPerMember: maxPerMember } = options;
    this.#records = new DeferredRecords({
      ...{ store, now, keptSeconds: TOLD_SECONDS },
      codes: {
        maxWrong: MAX_WRONG_CODES,
        guessedAt(record) {
          record.outcome = failed(new Problem(410, "invalid_code", "too many wrong codes were tried"));
        },
      },
    });
    this.#progress = new Progress(options, (record) => this.#records.newCode(record));
    this.#pending = new Limit({
      ...{ now, maxPerOwner, maxEntries: 10_000 },
      ...(maxPerMember !== undefined && { maxPerMember }),
    });
  }

  // ------------------------------------------------------------------------------------ the caller

  /**
   * Decides on a new request, and stores it if it remains pending.
   *
   * @throws Problem 429 `slow_down` for an owner with too many pending requests
   */
  async begin(request: NewRequest<Work>, waiting: Waiting): Promise<Answer> {
    const { now, hooks } = this.#options;
    const account = hooks.accountOf(request.holder);
    const record: PendingRecord<Work> = {
      ...{ ...newRecord(randomName()), owner: keyOf("account", account), reference: randomName() },
      ...{ state: "deciding", rounds: 0, version: 0, polls: { notBefore: 0, early: 0, told: "" } },
      ...request,
    };
    const { id, holder, expiresAt } = record;
    const member = hooks.memberOf?.(request);
    // Counted until its record is deleted, so that ending requests does not free the limit.
    // hole T27
    if (!this.#pending.admits(account, id, expiresAt - now() + TOLD_SECONDS, member)) {
      throw new Problem(429, "slow_down", "too many requests are pending for this caller", SLOW_DOWN_SECONDS);
    }
    try {
      const outcome = await this.#progress.advance(record);
      if (outcome !== undefined) {
        this.#pending.release(account, id, member);
        return answerOf(outcome);
      }
      await this.#records.name(record, referenceKey(record.reference));
      const decider = deciderOf(record);
      if (decider !== undefined) {
        await this.#records.name(record, keyOf("decider", decider, id), deciderOwner(decider));
      }
      await this.#records.add(record);
    } catch (error) {
      this.#pending.release(account, id, member);
      await this.#records.forget(record);
      throw error;
    }
    return this.#hold(id, holder, waiting, { isDecided: true });
  }

  /**
   * Answers a poll. A caller that has disconnected does not consume the outcome.
   *
   * @throws Problem 404 for another caller and for an unknown request; 410 after the outcome was
   *   delivered; 429 `slow_down`
   */
  async poll(id: string, holder: string, waiting: Waiting): Promise<Answer> {
    const early = await this.#change(id, holder, (record) => {
      const { polls } = record;
      const { now, pollSeconds } = this.#options;
      polls.early = now() < polls.notBefore ? polls.early + 1 : 0;
      // Applies even while a poll is held, because concurrent polls cost as much.
      polls.notBefore = Math.max(polls.notBefore, now() + pollSeconds);
      // One early poll is tolerated, because clocks that count whole seconds may differ by one.
      return polls.early > 1;
    });
    if (early) throw new Problem(429, "slow_down", "the request is polled too often", SLOW_DOWN_SECONDS); // hole T26
    return this.#hold(id, holder, waiting);
  }

  /**
   * Answers a question (section 7.5.2.1).
   *
   * @throws Problem like {@link poll}; 400 if there is no question, or no answer
   */
  async clarify(id: string, holder: string, members: Readonly<Record<string, unknown>>): Promise<Answer> {
    const { clarification_response: answer } = members;
    if (!isBoundedString(answer)) throw invalidRequest("clarification_response must be a non-empty string");
    const body = { action: "clarification_response", clarification_response: answer };
    return this.replace(id, holder, body, (record, { question }) => {
      const { fromAgent } = record.asked;
      const answers = [...fromAgent.answers, { question, answer }];
      record.asked = { ...record.asked, fromAgent: { ...fromAgent, answers } };
    });
  }

  /**
   * Replaces a request by an updated one (section 7.5.2.2).
   *
   * @param body forwarded if another server asked the question
   * @param take changes the request; if it throws, nothing changes
   * @throws Problem like {@link clarify}
   */
  async replace(
    id: string,
    holder: string,
    body: Readonly<Record<string, unknown>>,
    take: (record: PendingRecord<Work>, clarification: Clarification) => Awaitable<void>,
  ): Promise<Answer> {
    await this.#change(id, holder, async (record) => {
      const { clarification } = record;
      // An outcome reached meanwhile takes precedence.
      if (record.outcome !== undefined) return;
      if (clarification === undefined) throw invalidRequest("the request does not wait for an answer"); // hole T30
      await take(record, clarification);
      delete record.clarification;
      record.version += 1;
      if (clarification.from === "policy") record.state = "deciding";
      if (clarification.from === "access") {
        const outcome = await this.#options.hooks.forward?.(record, body);
        if (outcome !== undefined) record.outcome = outcome;
      }
    });
    this.#records.wake(id);
    return this.#hold(id, holder, AT_ONCE);
  }

  /**
   * Receives the requested claims (section 9.2).
   *
   * @throws Problem like {@link poll}; 400 if none were requested
   */
  async claim(id: string, holder: string, claims: Readonly<Record<string, unknown>>): Promise<Answer> {
    await this.#change(id, holder, (record) => {
      const { requirement, asked } = record;
      if (requirement?.requirement !== "claims") throw invalidRequest("the request does not wait for claims");
      const names = (requirement.members?.required_claims ?? []) as readonly string[];
      // hole T32a: Object.entries(claims)
      const known = names.filter((name) => Object.hasOwn(claims, name)).map((name) => [name, claims[name]]);
      record.asked = { ...asked, claims: { ...asked.claims, ...Object.fromEntries(known) } };
      delete record.requirement;
      record.state = "deciding";
    });
    return this.#hold(id, holder, AT_ONCE);
  }

  /** Cancels a request for its caller. @throws Problem like {@link poll} */
  async cancel(id: string, holder: string): Promise<Answer> {
    await this.#change(id, holder, async (record) => {
      if (record.outcome === undefined) await this.#options.hooks.cancelled?.(record);
      await this.#records.end(record);
    });
    return emptyAnswer(204);
  }

  // -------------------------------------------------------------------------------------- the page

  /**
   * Opens the request of a typed code. A code is valid once; too many wrong secrets end the
   * request.
   *
   * @param from source of the attempt, such as an address or a session
   * @param isFor whether the request is for this person; for others the code remains valid
   */
  open(
    typed: string,
    from: string,
    isFor: (request: AskedRequest) => boolean = () => true,
  ): Promise<WaitingRequest | CodeRefusal> {
    return this.#records.open(typed, from, async (record) => {
      if (this.#records.hasEnded(record)) return "invalid_code";
      if (!isFor(record.asked)) return this.view(record); // hole S22b
      await this.#records.dropCode(record); // hole T29
      record.status = "interacting";
      return this.view(record);
    });
  }

  /** A request by its reference; undefined after it has ended. */
  async get(reference: string): Promise<WaitingRequest | undefined> {
    const record = await this.#named(referenceKey(reference));
    return record === undefined || this.#records.hasEnded(record) ? undefined : this.view(record);
  }

  /** Requests that wait for a person. */
  async list(decider: string): Promise<readonly WaitingRequest[]> {
    const ids = await this.#records.idsOf(deciderOwner(decider));
    const found = await Promise.all(ids.map((id) => this.#records.get(id)));
    return found
      .filter((record) => record !== undefined)
      .filter((record) => !this.#records.hasEnded(record) && record.state !== "granted")
      .map((record) => this.view(record));
  }

  /** Changes a request for the page, unless it has ended. */
  change(
    reference: string,
    change: (record: PendingRecord<Work>) => Awaitable<PageResult>,
  ): Promise<PageResult> {
    return this.changeBy(referenceKey(reference), change);
  }

  async changeBy(
    name: string,
    change: (record: PendingRecord<Work>) => Awaitable<PageResult>,
  ): Promise<PageResult> {
    const id = await this.#records.idOf(name);
    const result = await this.#records.changeAny(id, (record) =>
      this.#records.hasEnded(record) ? "gone" : change(record),
    );
    if (result === "done" && id !== undefined) this.#records.wake(id);
    return result ?? "gone";
  }

  /** Ends a request. The next poll delivers the outcome. */
  async end(record: PendingRecord<Work>, outcome: Outcome): Promise<PageResult> {
    if (record.state === "granted") await this.#options.hooks.cancelled?.(record); // hole T49b
    record.outcome = outcome;
    await this.#records.dropCode(record);
    return "done";
  }

  /** Grants a request, which the next poll executes, even if a question is unanswered. */
  async grant(record: PendingRecord<Work>, grant: Grant): Promise<"done"> {
    // A decision made without the code also invalidates it (section 7.3).
    await this.#records.dropCode(record); // hole T29b
    record.grant = { ...grant };
    record.state = "granted";
    record.requirement = { requirement: "approval" };
    delete record.clarification;
    return "done";
  }

  /** Asks the agent a question. */
  ask(record: PendingRecord<Work>, clarification: Clarification, from: ClarifiedBy): PageResult {
    return this.#progress.ask(record, clarification, from);
  }

  /** Waits at most `waitSeconds` until a question is answered or its request has ended. */
  async answered(reference: string, waitSeconds: number): Promise<void> {
    const until = performance.now() + waitSeconds * 1000;
    for (;;) {
      const record = await this.#named(referenceKey(reference));
      const leftMs = until - performance.now();
      if (record?.clarification === undefined || this.#records.hasEnded(record) || leftMs <= 0) return;
      await this.#records.woken(record.id, leftMs);
    }
  }

  /** Stores another name of a request, for {@link changeBy}. */
  async name(record: PendingRecord<Work>, name: string): Promise<void> {
    await this.#records.name(record, name);
  }

  view({ reference, asked: request, version, expiresAt, status }: PendingRecord<Work>): WaitingRequest {
    return { reference, request, version, expiresAt, status };
  }

  // ---------------------------------------------------------------------------------------- inside

  /** Checks the request until there is news or the time is over. */
  async #hold(
    id: string,
    holder: string,
    { waitSeconds = 0, signal }: Waiting,
    { isDecided = false } = {},
  ): Promise<Answer> {
    const until = performance.now() + Math.min(waitSeconds, MAX_WAIT_SECONDS) * 1000;
    for (let isFresh = isDecided; ; isFresh = false) {
      const answer = await this.#change(id, holder, (record) =>
        this.#look(record, { isLast: performance.now() >= until, isFresh, signal }),
      );
      if (answer !== undefined) return answer;
      await this.#records.woken(id, until - performance.now());
    }
  }

  async #look(
    record: PendingRecord<Work>,
    { isLast, isFresh, signal }: { isLast: boolean; isFresh: boolean; signal: AbortSignal | undefined },
  ): Promise<Answer | undefined> {
    const isGone = () => signal?.aborted === true;
    const outcome = record.outcome ?? (isFresh ? undefined : await this.#progress.advance(record));
    if (outcome !== undefined) {
      // hole S19: if (false) record.outcome = outcome;
      if (isGone()) record.outcome = outcome;
      else await this.#records.end(record);
      return answerOf(outcome);
    }
    const requirement = requirementOf(record);
    const told = JSON.stringify([record.status, requirement]);
    const { polls } = record;
    const { issuer, path, pollSeconds, now } = this.#options;
    // A requirement on which the caller must act is reported at once.
    if (
      !isLast &&
      !isGone() &&
      (told === polls.told || requirement === undefined || requirement.requirement === "approval")
    ) {
      return undefined;
    }
    polls.told = told;
    polls.notBefore = now() + pollSeconds;
    return waitingAnswer({
      location: `${issuer}${path}${record.id}`,
      retryAfterSeconds: pollSeconds,
      status: record.status,
      requirement,
    });
  }

  async #named(name: string): Promise<PendingRecord<Work> | undefined> {
    return this.#records.get(await this.#records.idOf(name));
  }

  /** Changes a request for its caller. @throws Problem 404, 410 */
  async #change<T>(
    id: string,
    holder: string,
    change: (record: PendingRecord<Work>) => Awaitable<T>,
  ): Promise<T> {
    try {
      return await this.#records.change(id, holder, change);
    } catch (error) {
      if (!(error instanceof MissingRequestError)) throw error;
      const { isEnded, message } = error;
      throw isEnded ? new Problem(410, "gone", message) : new Problem(404, "not_found", message);
    }
  }
}

const referenceKey = (reference: string) => keyOf("reference", reference);
const deciderOwner = (decider: string) => keyOf("decider", decider);

/** Party that decides: the person, or at an access server the resource. */
const deciderOf = <Work>({ asked }: PendingRecord<Work>): string | undefined =>
  asked.personServer === undefined ? asked.person : asked.resource;
