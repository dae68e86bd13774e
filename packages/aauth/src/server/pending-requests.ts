/**
 * Requests that wait for a person or another server (draft -11, sections 7.3, 7.5, 11.6 and 11.8): kept as plain data, bound to the caller, answered
 * once. Nothing runs between polls, so that any process that shares the store can answer the next one.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { encodeBase64Url } from "../base64.ts";
import type { Awaitable } from "../crypto/interface.ts";
import { createInteractionCode, readCode, showCode } from "../draft-11/interaction-code.ts";
import { emptyAnswer } from "../draft-11/problem.ts";
import type { Answer } from "../profile/resource-rules.ts";
import type { RecordTerms } from "../store/record-store.ts";
import {
  answerOf,
  failed,
  invalidRequest,
  type Outcome,
  type PendingRequirement,
  Problem,
  waitingAnswer,
} from "./answers.ts";
import { isText } from "./assertions.ts";
import { Limit } from "./limit.ts";
import type { ClarifiedBy, Gone, Lease, NewRequest, PendingOptions, PendingRecord } from "./pending-types.ts";
import type { Waiting } from "./revocations.ts";
import { keyOf } from "./stores.ts";
import type { AskedRequest, Clarification, Decision, Grant, PageResult, WaitingRequest } from "./types.ts";

/** Of questions to one agent (section 7.5.3). */
const MAX_ROUNDS = 5;
/** Wrong secrets for one request, then it ends (section 11.6.3.1). */
const MAX_GUESSES = 5;
/** Different codes that one source may try in that time. */
const MAX_CODES_PER_SOURCE = 20;
const GUESS_SECONDS = 600;
/** What came of a request is told for so long after its time is over. */
const TOLD_SECONDS = 300;
/** How often a request that is held looks whether another process has changed it. */
const LOOK_MS = 500;
/** `slow_down` adds so much to the interval (section 11.8.3). */
const SLOW_DOWN_SECONDS = 5;
/** A poll is held for no longer. */
const MAX_WAIT_SECONDS = 60;
/**
 * Longer than a call to an access server may take; the lease of a process that ends lasts as long.
 */
const LEASE_SECONDS = 120;
const AT_ONCE: Waiting = { waitSeconds: 0, signal: undefined };

export class PendingRequests<Work> {
  readonly #options: PendingOptions<Work>;
  readonly #pending: Limit;
  readonly #codes: Limit;
  /** Callers in this process that wait for a change of a request, or for its lease. */
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(options: PendingOptions<Work>) {
    this.#options = options;
    const { now, maxPendingPerOwner: maxPerOwner, maxPendingPerMember: maxPerMember } = options;
    this.#pending = new Limit({
      ...{ now, maxPerOwner, maxEntries: 10_000 },
      ...(maxPerMember !== undefined && { maxPerMember }),
    });
    this.#codes = new Limit({ now, maxPerOwner: MAX_CODES_PER_SOURCE, maxEntries: 10_000 });
  }

  // ------------------------------------------------------------------------------------------------ who has asked

  /**
   * Decides on a new request, and keeps it where that takes longer.
   *
   * @throws Problem 429 `slow_down` for an owner with too many pending requests
   */
  async begin(request: NewRequest<Work>, waiting: Waiting): Promise<Answer> {
    const { now, hooks } = this.#options;
    const record: PendingRecord<Work> = {
      id: randomName(),
      reference: randomName(),
      status: "pending",
      state: "deciding",
      rounds: 0,
      version: 0,
      polls: { notBefore: 0, early: 0, told: "" },
      ...request,
    };
    const { id, owner, expiresAt } = record;
    const account = hooks.accountOf(owner);
    const member = hooks.memberOf?.(request);
    // It counts until nothing is kept of it: ending many is no way to more.
    // hole T27
    if (!this.#pending.admits(account, id, expiresAt - now() + TOLD_SECONDS, member)) {
      throw new Problem(429, "slow_down", "too many requests are pending for this caller", SLOW_DOWN_SECONDS);
    }
    try {
      const outcome = await this.#advance(record);
      if (outcome !== undefined) {
        this.#pending.release(account, id, member);
        return answerOf(outcome);
      }
      await this.#store(record);
    } catch (error) {
      this.#pending.release(account, id, member);
      await this.#forget(record);
      await this.#options.store.delete(requestKey(id));
      throw error;
    }
    return this.#hold(id, owner, waiting, { isDecided: true });
  }

  /**
   * Looks at a request for the caller that polls it. A caller whose connection is gone uses nothing up.
   *
   * @throws Problem 404 for another caller, as for a request that never was; 410 once it has been told; 429 `slow_down`
   */
  async poll(id: string, owner: string, waiting: Waiting): Promise<Answer> {
    const early = await this.#change(id, owner, (record) => {
      const { polls } = record;
      const { now, pollSeconds } = this.#options;
      polls.early = now() < polls.notBefore ? polls.early + 1 : 0;
      // Also one that is held: those that come beside it cost as much.
      polls.notBefore = Math.max(polls.notBefore, now() + pollSeconds);
      // One is forgiven: clocks that count whole seconds disagree by one.
      return polls.early > 1;
    });
    if (early) throw new Problem(429, "slow_down", "the request is polled too often", SLOW_DOWN_SECONDS); // hole T26
    return this.#hold(id, owner, waiting);
  }

  /** Answers a question (section 7.5.2.1). @throws Problem as {@link poll}; 400 where nothing was asked, or for no answer */
  async clarify(id: string, owner: string, members: Readonly<Record<string, unknown>>): Promise<Answer> {
    const { clarification_response: answer } = members;
    if (!isText(answer)) throw invalidRequest("clarification_response must be a text");
    const body = { action: "clarification_response", clarification_response: answer };
    return this.#respond(id, owner, body, (record, { question }) => {
      const { fromAgent } = record.asked;
      const answers = [...fromAgent.answers, { question, answer }];
      record.asked = { ...record.asked, fromAgent: { ...fromAgent, answers } };
    });
  }

  /** Asks for something else instead (section 7.5.2.2). `update` has verified it. @throws Problem as {@link clarify} */
  replace(
    id: string,
    owner: string,
    body: Readonly<Record<string, unknown>>,
    update: (record: PendingRecord<Work>) => Promise<void>,
  ): Promise<Answer> {
    return this.#respond(id, owner, body, update);
  }

  /** Brings the claims that were asked for (section 9.2). @throws Problem as {@link poll}; 400 where none were */
  async claim(id: string, owner: string, claims: Readonly<Record<string, unknown>>): Promise<Answer> {
    await this.#change(id, owner, (record) => {
      const { requirement, asked } = record;
      if (requirement?.requirement !== "claims") throw invalidRequest("the request does not wait for claims");
      const names = (requirement.members?.required_claims ?? []) as readonly string[];
      const known = names.filter((name) => Object.hasOwn(claims, name)).map((name) => [name, claims[name]]); // hole T32a
      record.asked = { ...asked, claims: { ...asked.claims, ...Object.fromEntries(known) } };
      delete record.requirement;
      record.state = "deciding";
    });
    return this.#hold(id, owner, AT_ONCE);
  }

  /** Ends a request for who has asked. @throws Problem as {@link poll} */
  async cancel(id: string, owner: string): Promise<Answer> {
    await this.#change(id, owner, async (record) => {
      if (record.outcome === undefined) await this.#options.hooks.cancelled?.(record);
      await this.#tell(record);
    });
    return emptyAnswer(204);
  }

  async #respond(
    id: string,
    owner: string,
    body: Readonly<Record<string, unknown>>,
    take: (record: PendingRecord<Work>, clarification: Clarification) => Awaitable<void>,
  ): Promise<Answer> {
    await this.#change(id, owner, async (record) => {
      const { clarification } = record;
      // What has come of it meanwhile is the answer.
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
    this.#wake(id);
    return this.#hold(id, owner, AT_ONCE);
  }

  // ------------------------------------------------------------------------------------------------------ the page

  /**
   * A person comes with a code. It is good once; a few wrong ones end the request that they nearly name.
   *
   * @param from who tries, as the page knows it: an address, or a session. So many different codes are tried for each, and no more.
   * @param isFor whether the request is for this person: for any other the code stays valid
   * @returns undefined for a code that is not good
   */
  async open(
    typed: string,
    from: string,
    isFor: (request: AskedRequest) => boolean = () => true,
  ): Promise<WaitingRequest | undefined> {
    if (!this.#codes.admits(from, typed.slice(0, 64), GUESS_SECONDS)) return undefined; // hole T29
    const code = readCode(typed);
    const id = code && (await this.#idOf(codeKey(code)));
    if (code === undefined || id === undefined) return undefined;
    return this.#changeAny(id, async (record) => {
      if (record.code === undefined || this.#hasEnded(record)) return undefined;
      if (record.code.secret !== code.secret) {
        record.code.guesses += 1;
        if (record.code.guesses < MAX_GUESSES) return undefined; // hole T29a
        record.outcome = failed(new Problem(410, "invalid_code", "too many wrong codes were tried"));
        await this.#dropCode(record);
        return undefined;
      }
      if (!isFor(record.asked)) return this.view(record); // hole S22b
      await this.#dropCode(record); // hole T29
      record.status = "interacting";
      return this.view(record);
    });
  }

  /** A request by its reference; undefined once it has ended. */
  async get(reference: string): Promise<WaitingRequest | undefined> {
    const record = await this.#kept(await this.#idOf(referenceKey(reference)));
    return record === undefined || this.#hasEnded(record) ? undefined : this.view(record);
  }

  /** Requests that wait for a person. */
  async list(decider: string): Promise<readonly WaitingRequest[]> {
    return (await this.#listed(decider)).map((record) => this.view(record));
  }

  /** Changes a request that has not ended for the page. */
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
    const id = await this.#idOf(name);
    const result = await this.#changeAny(id, (record) => (this.#hasEnded(record) ? "gone" : change(record)));
    if (result === "done" && id !== undefined) this.#wake(id);
    return result ?? "gone";
  }

  /** Ends a request; what came of it is told at the next poll. */
  async end(record: PendingRecord<Work>, outcome: Outcome): Promise<PageResult> {
    record.outcome = outcome;
    await this.#dropCode(record);
    return "done";
  }

  /** Grants a request; it is carried out at the next poll, whether or not a question has been answered. */
  async grant(record: PendingRecord<Work>, grant: Grant): Promise<"done"> {
    // A decision that came by another way has used it up (section 7.3).
    await this.#dropCode(record); // hole T29b
    record.grant = { ...grant };
    record.state = "granted";
    record.requirement = { requirement: "approval" };
    delete record.clarification;
    return "done";
  }

  /** A question to the agent. */
  ask(
    record: PendingRecord<Work>,
    { question, options, timeoutSeconds }: Clarification,
    from: ClarifiedBy,
  ): PageResult {
    const { asked, rounds, clarification, state } = record;
    if (
      clarification !== undefined ||
      (state === "granted" && from === "page") || // hole S9a
      rounds >= MAX_ROUNDS || // hole T26
      !asked.capabilities.includes("clarification")
    ) {
      return "unable";
    }
    record.rounds = rounds + 1;
    record.clarification = {
      question,
      from,
      ...(options !== undefined && { options }),
      ...(timeoutSeconds !== undefined && { timeoutSeconds, by: this.#options.now() + timeoutSeconds }),
    };
    return "done";
  }

  /** Waits until a question has been answered or its request has ended, for so many seconds at most. */
  async answered(reference: string, waitSeconds: number): Promise<void> {
    const until = performance.now() + waitSeconds * 1000;
    for (;;) {
      const record = await this.#kept(await this.#idOf(referenceKey(reference)));
      const leftMs = until - performance.now();
      if (record?.clarification === undefined || this.#hasEnded(record) || leftMs <= 0) return;
      await this.#woken(record.id, Math.min(LOOK_MS, leftMs));
    }
  }

  /** Keeps a further name of a request, for {@link changeBy}. */
  async name(record: PendingRecord<Work>, name: string): Promise<void> {
    await this.#options.store.put(name, record.id, this.#terms(record));
  }

  view({ reference, asked: request, version, expiresAt, status }: PendingRecord<Work>): WaitingRequest {
    return { reference, request, version, expiresAt, status };
  }

  // ------------------------------------------------------------------------------------------------------- inside

  async #listed(decider: string): Promise<readonly PendingRecord<Work>[]> {
    const ids = (await this.#options.store.list(deciderOwner(decider))) as readonly string[];
    const found = await Promise.all(ids.map((id) => this.#kept(id)));
    return found
      .filter((record) => record !== undefined)
      .filter((record) => !this.#hasEnded(record) && record.state !== "granted");
  }

  /** Looks until there is news or the time is up. */
  async #hold(
    id: string,
    owner: string,
    { waitSeconds, signal }: Waiting,
    { isDecided = false } = {},
  ): Promise<Answer> {
    const until = performance.now() + Math.min(waitSeconds, MAX_WAIT_SECONDS) * 1000;
    for (let isFresh = isDecided; ; isFresh = false) {
      const answer = await this.#change(id, owner, (record) =>
        this.#look(record, { isLast: performance.now() >= until, isFresh, signal }),
      );
      if (answer !== undefined) return answer;
      await this.#woken(id, Math.min(LOOK_MS, until - performance.now()));
    }
  }

  async #look(
    record: PendingRecord<Work>,
    { isLast, isFresh, signal }: { isLast: boolean; isFresh: boolean; signal: AbortSignal | undefined },
  ): Promise<Answer | undefined> {
    const isGone = () => signal?.aborted === true;
    const outcome = record.outcome ?? (isFresh ? undefined : await this.#advance(record));
    if (outcome !== undefined) {
      // hole S19
      if (isGone()) record.outcome = outcome;
      else await this.#tell(record);
      return answerOf(outcome);
    }
    const requirement = requirementOf(record);
    const told = JSON.stringify([record.status, requirement]);
    const { polls } = record;
    const { issuer, path, pollSeconds, now } = this.#options;
    // What the caller has to act on, it hears at once.
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

  async #advance(record: PendingRecord<Work>): Promise<Outcome | undefined> {
    const { hooks, now } = this.#options;
    const revoked = await this.#revoked(record);
    if (revoked !== undefined) return revoked; // hole T5
    const { clarification } = record;
    // hole T28
    if (now() >= Math.min(record.expiresAt, clarification?.by ?? Number.POSITIVE_INFINITY)) {
      return failed(new Problem(408, "expired", "the request was not decided in time"));
    }
    if (clarification !== undefined) return undefined;
    if (record.state === "deciding") {
      const decision = await hooks.decide(record);
      const problem = await this.#apply(record, decision);
      if (problem !== undefined) return failed(problem);
    }
    const outcome = record.state === "granted" ? await hooks.finish(record) : hooks.look?.(record);
    // What was issued is on record by now. A revocation that came meanwhile has either found it there, or is found here.
    return outcome?.status === 200 ? ((await this.#revoked(record)) ?? outcome) : outcome; // hole T5a
  }

  async #revoked({ depends }: PendingRecord<Work>): Promise<Outcome | undefined> {
    const areRevoked = await Promise.all(depends.map((token) => this.#options.hooks.isRevoked(token)));
    const revoked = depends.find((_token, index) => areRevoked[index]);
    return (
      revoked && failed(new Problem(403, "revoked", `the ${revoked.what} of the request has been revoked`))
    );
  }

  async #apply(record: PendingRecord<Work>, decision: Decision): Promise<Problem | undefined> {
    const denied = (detail: string) => new Problem(403, "denied", detail);
    switch (decision.type) {
      case "grant": {
        const { type: _type, ...grant } = decision;
        record.grant = grant;
        record.state = "granted";
        return undefined;
      }
      case "deny":
        return denied(decision.detail ?? "the request was refused");
      case "unreachable":
        return unreachable();
      case "interaction":
        if (!record.asked.capabilities.includes("interaction")) return unreachable();
        record.state = "waiting";
        // A person who is here already needs no code.
        if (record.status === "pending") record.requirement = await this.#interaction(record);
        return undefined;
      case "approval":
        record.state = "waiting";
        record.requirement = { requirement: "approval" };
        return undefined;
      case "claims": {
        if (decision.names.includes("sub")) throw new TypeError("sub is in every token, and never asked for");
        record.state = "waiting";
        record.requirement = { requirement: "claims", members: { required_claims: [...decision.names] } };
        return undefined;
      }
      case "clarification":
        return this.ask(record, decision, "policy") === "done"
          ? undefined
          : denied("the question cannot be put to the agent, or was not answered in five rounds");
    }
  }

  async #interaction(record: PendingRecord<Work>): Promise<PendingRequirement> {
    const { store, interactionUrl } = this.#options;
    for (;;) {
      const code = createInteractionCode();
      if (!(await store.putIfAbsent(codeKey(code), record.id, this.#terms(record)))) continue;
      record.code = { ...code, guesses: 0 };
      return { requirement: "interaction", url: interactionUrl, code: showCode(code) };
    }
  }

  #hasEnded({ outcome, expiresAt }: PendingRecord<Work>): boolean {
    return outcome !== undefined || this.#options.now() >= expiresAt;
  }

  /** From here on the request is gone. */
  async #tell(record: PendingRecord<Work>): Promise<void> {
    await this.#forget(record);
    ended.add(record); // hole T25
  }

  async #dropCode(record: PendingRecord<Work>): Promise<void> {
    if (record.code === undefined) return;
    await this.#options.store.delete(codeKey(record.code));
    delete record.code;
  }

  async #store(record: PendingRecord<Work>): Promise<void> {
    const { store } = this.#options;
    const terms = this.#terms(record);
    await store.put(referenceKey(record.reference), record.id, terms);
    await store.put(requestKey(record.id), record, terms);
    const decider = deciderOf(record);
    if (decider === undefined) return;
    await store.put(deciderKey(decider, record.id), record.id, { ...terms, owner: deciderOwner(decider) });
  }

  /** Drops the names of a request. */
  async #forget(record: PendingRecord<Work>): Promise<void> {
    const { store } = this.#options;
    await this.#dropCode(record);
    await store.delete(referenceKey(record.reference));
    const decider = deciderOf(record);
    if (decider !== undefined) await store.delete(deciderKey(decider, record.id));
  }

  /** The account of its caller is charged for a request. */
  #terms({ owner, expiresAt }: PendingRecord<Work>): RecordTerms {
    const { now, hooks } = this.#options;
    const ttlSeconds = Math.max(1, expiresAt - now() + TOLD_SECONDS);
    return { owner: keyOf("account", hooks.accountOf(owner)), ttlSeconds };
  }

  async #idOf(name: string): Promise<string | undefined> {
    return (await this.#options.store.get(name)) as string | undefined;
  }

  /** For who has asked. @throws Problem 404, 410 */
  async #change<T>(
    id: string,
    owner: string,
    change: (record: PendingRecord<Work>) => Awaitable<T>,
  ): Promise<T> {
    const { lease, ...record } = await this.#leased(id, owner);
    try {
      const result = await change(record);
      await this.#release(id, lease, record);
      return result;
    } catch (error) {
      await this.#release(id, lease);
      throw error;
    } finally {
      this.#wake(leaseOf(id));
    }
  }

  /**
   * The request, for one change at a time among all processes that share the store: a change may
   * call other servers and issue tokens, which must not happen twice. The lease is part of the
   * record, so it takes no room, and none that others could fill.
   */
  async #leased(id: string, owner: string): Promise<PendingRecord<Work> & { readonly lease: Lease }> {
    const { store, now } = this.#options;
    const giveUpAt = performance.now() + LEASE_SECONDS * 1000;
    const own: Lease = { holder: randomName(), until: now() + LEASE_SECONDS };
    for (;;) {
      const kept = (await store.update(requestKey(id), (value) => {
        const found = value as PendingRecord<Work> | Gone | undefined;
        if (found?.owner !== owner || "gone" in found) return undefined;
        if (found.lease !== undefined && now() < found.lease.until) return undefined;
        return { value: { ...found, lease: own }, ...this.#terms(found) };
      })) as PendingRecord<Work> | Gone | undefined;
      if (kept?.owner !== owner) throw new Problem(404, "not_found", "there is no such request");
      if ("gone" in kept) throw new Problem(410, "gone", "the request has ended");
      if (kept.lease?.holder === own.holder) return { ...structuredClone(kept), lease: own };
      if (performance.now() > giveUpAt) throw new Error("a pending request is not given back");
      await this.#woken(leaseOf(id), LOOK_MS);
    }
  }

  /**
   * Gives the lease back, with the changed record where there is one.
   *
   * @throws Error where another process has the lease by now
   */
  async #release(id: string, { holder }: Lease, changed?: PendingRecord<Work>): Promise<void> {
    let isHolder = false;
    await this.#options.store.update(requestKey(id), (value) => {
      const kept = value as PendingRecord<Work> | undefined;
      isHolder = kept?.lease?.holder === holder;
      if (kept === undefined || !isHolder) return undefined;
      const { lease: _lease, ...before } = kept;
      const record = changed ?? before;
      const gone: Gone = { owner: record.owner, gone: true };
      return { value: ended.has(record) ? gone : record, ...this.#terms(record) };
    });
    if (changed !== undefined && !isHolder) throw new Error("a change of a pending request took too long");
  }

  /** As it was kept last: for reading. */
  async #kept(id: string | undefined): Promise<PendingRecord<Work> | undefined> {
    if (id === undefined) return undefined;
    const kept = (await this.#options.store.get(requestKey(id))) as PendingRecord<Work> | Gone | undefined;
    return kept === undefined || "gone" in kept ? undefined : kept;
  }

  async #changeAny<T>(
    id: string | undefined,
    change: (record: PendingRecord<Work>) => Awaitable<T>,
  ): Promise<T | undefined> {
    const kept = await this.#kept(id);
    if (kept === undefined) return undefined;
    try {
      return await this.#change(kept.id, kept.owner, change);
    } catch (error) {
      if (error instanceof Problem && (error.status === 404 || error.status === 410)) return undefined;
      throw error;
    }
  }

  #wake(id: string): void {
    for (const wake of this.#waiting.get(id) ?? []) wake();
  }

  #woken(id: string, ms: number): Promise<void> {
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting);
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        waiting.delete(wake);
        if (waiting.size === 0) this.#waiting.delete(id);
        resolve();
      };
      const timer = setTimeout(wake, Math.max(0, ms));
      waiting.add(wake);
    });
  }
}

const requestKey = (id: string) => keyOf("request", id);
const leaseOf = (id: string) => keyOf("lease", id);
const referenceKey = (reference: string) => keyOf("reference", reference);
const codeKey = ({ name }: { readonly name: string }) => keyOf("by code", name);
const deciderOwner = (decider: string) => keyOf("decider", decider);
const deciderKey = (decider: string, id: string) => keyOf("decider", decider, id);

/** An access server decides for a resource, and knows no person. */
const deciderOf = <Work>({ asked }: PendingRecord<Work>): string | undefined =>
  asked.personServer === undefined ? asked.person : asked.resource;

/** Records whose end has been told: they are not written again. */
const ended = new WeakSet<object>();

const unreachable = () =>
  new Problem(
    403,
    "user_unreachable",
    "the person cannot be reached, and the agent cannot send them to a page",
  );

function requirementOf<Work>({
  clarification,
  requirement,
}: PendingRecord<Work>): PendingRequirement | undefined {
  if (clarification === undefined) return requirement;
  const { question, options, timeoutSeconds } = clarification;
  const members = {
    clarification: question,
    ...(timeoutSeconds !== undefined && { timeout: timeoutSeconds }),
    ...(options !== undefined && { options: [...options] }),
  };
  return { requirement: "clarification", members };
}

/** 192 bits. */
export const randomName = (): string => encodeBase64Url(platformCrypto.randomBytes(24));
