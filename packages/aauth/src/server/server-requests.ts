/**
 * Deferred requests of a person server or an access server (draft -11, sections 7.3, 7.5, 11.6 and
 * 11.8): begun at a token endpoint, decided by a policy, a person or another server, then polled,
 * answered and cancelled by the same caller at their own URL.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import { type CodeRefusal, DeferredRequests, newRecord, randomName } from "../deferred/deferred-requests.ts";
import { emptyAnswer } from "../draft-11/problem.ts";
import { Limit } from "../store/limit.ts";
import { ownerOf } from "../store/owner-of.ts";
import type { Answer } from "../types.ts";
import { failed, invalidRequest, Problem } from "./answers.ts";
import { isBoundedString } from "./assertions.ts";
import { deny, Progress, requirementOf } from "./request-progress.ts";
import type { ClarifiedBy, NewRequest, RequestRecord, ServerRequestsOptions } from "./request-types.ts";
import type { Call, Route } from "./server-frame.ts";
import { keyOf } from "./stores.ts";
import { type PairWork, requiredPair, type TokenPair } from "./token-pair.ts";
import type { AskedRequest, Clarification, Grant, PageResult, WaitingRequest } from "./types.ts";

/** Wrong codes of one source. */
const MAX_WRONG_CODES = 20;
/** Seconds for which an outcome is available after expiry. */
const OUTCOME_KEPT_SECONDS = 300;
/** Seconds that `slow_down` adds to the interval (section 11.8.3). */
const SLOW_DOWN_SECONDS = 5;

export class ServerRequests<Work extends PairWork> {
  readonly #options: ServerRequestsOptions<Work>;
  readonly #requests: DeferredRequests<RequestRecord<Work>>;
  readonly #progress: Progress<Work>;
  readonly #pending: Limit;

  constructor(options: ServerRequestsOptions<Work>) {
    const { issuer, path, store, now, pollSeconds } = options;
    const { maxPendingPerOwner: maxPerOwner, maxPendingPerMember: maxPerMember } = options;
    this.#options = options;
    const progress = new Progress(options, (record) => this.#requests.newCode(record));
    this.#progress = progress;
    this.#requests = new DeferredRequests({
      store,
      now,
      location: `${issuer}${path}`,
      retryAfterSeconds: pollSeconds,
      keptSeconds: OUTCOME_KEPT_SECONDS,
      maxWrongCodes: MAX_WRONG_CODES,
      early({ polls }) {
        polls.early = now() < polls.notBefore ? polls.early + 1 : 0;
        // Applies even while a poll is held, because concurrent polls cost as much.
        polls.notBefore = Math.max(polls.notBefore, now() + pollSeconds);
        // One early poll is tolerated, because clocks that count whole seconds may differ by one.
        return polls.early > 1 ? failed(slowDown("the request is polled too often")) : undefined; // hole T26
      },
      advance: (record) => record.outcome ?? progress.advance(record),
      requirementOf,
      waits({ polls }) {
        polls.notBefore = now() + pollSeconds;
      },
    });
    this.#pending = new Limit({
      now,
      maxPerOwner,
      maxEntries: 10_000,
      ...(maxPerMember !== undefined && { maxPerMember }),
    });
  }

  // ------------------------------------------------------------------------------------ the caller

  /**
   * Decides on a new request, and stores it if it remains pending. It expires at the latest with
   * the tokens it depends on.
   *
   * @throws Problem 429 `slow_down` for an owner with too many deferred requests
   */
  async begin(call: Call, request: NewRequest<Work>): Promise<Answer> {
    const { now, hooks, pendingSeconds } = this.#options;
    const { owner: holder } = call;
    // The holder is a server, or an agent after its provider.
    const account = ownerOf(holder.split(" ", 1)[0]!);
    const record: RequestRecord<Work> = {
      ...newRecord(randomName()),
      holder,
      owner: keyOf("account", account),
      expiresAt: Math.min(now() + pendingSeconds, request.work.notAfter),
      reference: randomName(),
      state: "deciding",
      rounds: 0,
      version: 0,
      polls: { notBefore: 0, early: 0 },
      ...request,
    };
    const { id, expiresAt } = record;
    const member = hooks.memberOf?.(record);
    // Counted until its record is deleted, so that ending requests does not free the limit.
    // hole T27
    if (!this.#pending.admits(account, id, expiresAt - now() + OUTCOME_KEPT_SECONDS, member)) {
      throw slowDown("too many requests are pending for this caller");
    }
    try {
      const outcome = await this.#progress.advance(record);
      if (outcome !== undefined) {
        this.#pending.release(account, id, member);
        return outcome;
      }
      await this.#requests.name(record, referenceKey(record.reference));
      const decider = deciderOf(record);
      if (decider !== undefined) {
        await this.#requests.name(record, keyOf("decider", decider, id), deciderOwner(decider));
      }
      await this.#requests.begin(record);
    } catch (error) {
      this.#pending.release(account, id, member);
      await this.#requests.forget(record);
      throw error;
    }
    return this.#requests.answer(id, holder, call, { isDecided: true });
  }

  /**
   * Methods of the URL of a request.
   *
   * @param update verifies a pair of tokens and replaces that of the request
   * @param claims handles a body without `action`. Default: such a body is refused
   * @throws (from each) Problem; MissingRequestError for another caller, an unknown request, and
   *   after the outcome was delivered
   */
  methods(
    update: (call: Call, id: string, tokens: TokenPair) => Promise<Answer>,
    claims?: (call: Call, id: string) => Promise<Answer>,
  ): Route["methods"] {
    return {
      GET: (call, id) => this.#requests.poll(id, call.owner, call),
      POST: async (call, id) => {
        const { owner, members } = call;
        if (claims !== undefined && members.action === undefined) return claims(call, id);
        switch (members.action) {
          case "clarification_response":
            return this.#clarify(id, owner, members);
          case "updated_request":
            return update(call, id, requiredPair(members));
          default:
            throw invalidRequest("action must be clarification_response or updated_request");
        }
      },
      DELETE: ({ owner }, id) => this.#cancel(id, owner),
    };
  }

  /**
   * Answers a question (section 7.5.2.1).
   *
   * @throws Problem 400 if there is no question, or no answer
   */
  async #clarify(id: string, holder: string, members: Readonly<Record<string, unknown>>): Promise<Answer> {
    const { clarification_response: answer } = members;
    if (!isBoundedString(answer)) throw invalidRequest("clarification_response must be a non-empty string");
    const body = { action: "clarification_response", clarification_response: answer };
    return this.replace(id, holder, body, async (record, { question }) => {
      const { fromAgent } = record.asked;
      const answers = [...fromAgent.answers, { question, answer }];
      record.asked = { ...record.asked, fromAgent: { ...fromAgent, answers } };
      await this.#options.hooks.clarified?.(record, question, answer);
    });
  }

  /**
   * Replaces a request by an updated one (section 7.5.2.2).
   *
   * @param body forwarded if another server asked the question
   * @param take changes the request; if it throws, nothing changes
   * @throws Problem 400 if there is no question
   */
  async replace(
    id: string,
    holder: string,
    body: Readonly<Record<string, unknown>>,
    take: (record: RequestRecord<Work>, clarification: Clarification) => Awaitable<void>,
  ): Promise<Answer> {
    await this.#requests.change(id, holder, async (record) => {
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
    this.#requests.wake(id);
    return this.#requests.answer(id, holder);
  }

  /** Receives the requested claims (section 9.2). @throws Problem 400 if none were requested */
  async claim(id: string, holder: string, claims: Readonly<Record<string, unknown>>): Promise<Answer> {
    await this.#requests.change(id, holder, (record) => {
      const { requirement, asked } = record;
      if (requirement?.requirement !== "claims") throw invalidRequest("the request does not wait for claims");
      const names = (requirement.members?.required_claims ?? []) as readonly string[];
      // hole T32a: Object.entries(claims)
      const known = names.filter((name) => Object.hasOwn(claims, name)).map((name) => [name, claims[name]]);
      record.asked = { ...asked, claims: { ...asked.claims, ...Object.fromEntries(known) } };
      delete record.requirement;
      record.state = "deciding";
    });
    return this.#requests.answer(id, holder);
  }

  async #cancel(id: string, holder: string): Promise<Answer> {
    await this.#requests.change(id, holder, async (record) => {
      if (record.outcome === undefined) await this.#options.hooks.cancelled?.(record);
      await this.#requests.end(record);
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
    return this.#requests.open(typed, from, async (record) => {
      if (this.#requests.hasEnded(record)) return "invalid_code";
      if (!isFor(record.asked)) return this.view(record); // hole S22b
      await this.#requests.dropCode(record); // hole T29
      record.status = "interacting";
      return this.view(record);
    });
  }

  /** A request by its reference; undefined after it has ended. */
  async get(reference: string): Promise<WaitingRequest | undefined> {
    const record = await this.#named(referenceKey(reference));
    return record === undefined || this.#requests.hasEnded(record) ? undefined : this.view(record);
  }

  /** Requests that wait for a person. */
  async list(decider: string): Promise<readonly WaitingRequest[]> {
    const ids = await this.#requests.idsOf(deciderOwner(decider));
    const found = await Promise.all(ids.map((id) => this.#requests.get(id)));
    return found
      .filter((record) => record !== undefined)
      .filter((record) => !this.#requests.hasEnded(record) && record.state !== "granted")
      .map((record) => this.view(record));
  }

  /** Changes a request for the page, unless it has ended. */
  change(
    reference: string,
    change: (record: RequestRecord<Work>) => Awaitable<PageResult>,
  ): Promise<PageResult> {
    return this.changeBy(referenceKey(reference), change);
  }

  async changeBy(
    name: string,
    change: (record: RequestRecord<Work>) => Awaitable<PageResult>,
  ): Promise<PageResult> {
    const id = await this.#requests.idOf(name);
    const result = await this.#requests.changeAny(id, (record) =>
      this.#requests.hasEnded(record) ? "gone" : change(record),
    );
    if (result === "done" && id !== undefined) this.#requests.wake(id);
    return result ?? "gone";
  }

  /** Finishes a request. The next poll delivers the outcome. */
  async finish(record: RequestRecord<Work>, outcome: Answer): Promise<PageResult> {
    if (record.state === "granted") await this.#options.hooks.cancelled?.(record); // hole T49b
    record.outcome = outcome;
    await this.#requests.dropCode(record);
    return "done";
  }

  /** Denies a request. The next poll delivers the outcome. */
  async deny(record: RequestRecord<Work>, detail: string): Promise<PageResult> {
    return this.finish(record, deny(this.#options.hooks, record, detail));
  }

  /** Grants a request, which the next poll executes, even if a question is unanswered. */
  async grant(record: RequestRecord<Work>, grant: Grant): Promise<"done"> {
    // A decision made without the code also invalidates it (section 7.3).
    await this.#requests.dropCode(record); // hole T29b
    record.grant = { ...grant };
    record.state = "granted";
    record.requirement = { requirement: "approval" };
    delete record.clarification;
    return "done";
  }

  /** Asks the agent a question. */
  ask(record: RequestRecord<Work>, clarification: Clarification, from: ClarifiedBy): PageResult {
    return this.#progress.ask(record, clarification, from);
  }

  /** Waits at most `waitSeconds` until a question is answered or its request has ended. */
  async answered(reference: string, waitSeconds: number): Promise<void> {
    const until = performance.now() + waitSeconds * 1000;
    for (;;) {
      const record = await this.#named(referenceKey(reference));
      const leftMs = until - performance.now();
      if (record?.clarification === undefined || this.#requests.hasEnded(record) || leftMs <= 0) return;
      await this.#requests.woken(record.id, leftMs);
    }
  }

  /** Stores another name of a request, for {@link changeBy}. */
  async name(record: RequestRecord<Work>, name: string): Promise<void> {
    await this.#requests.name(record, name);
  }

  view({ reference, asked: request, version, expiresAt, status }: RequestRecord<Work>): WaitingRequest {
    return { reference, request, version, expiresAt, status };
  }

  async #named(name: string): Promise<RequestRecord<Work> | undefined> {
    return this.#requests.get(await this.#requests.idOf(name));
  }
}

const slowDown = (why: string) => new Problem(429, "slow_down", why, SLOW_DOWN_SECONDS);
const referenceKey = (reference: string) => keyOf("reference", reference);
const deciderOwner = (decider: string) => keyOf("decider", decider);

/** Party that decides: the person, or at an access server the resource. */
const deciderOf = <Work>({ asked }: RequestRecord<Work>): string | undefined =>
  asked.personServer === undefined ? asked.person : asked.resource;
