/**
 * Deferred requests of resources, person servers and access servers (draft -11, sections 6.2,
 * 6.5.1, 7.3 and 11.8). Each is a record in a store, bound to its holder, changed by one process at
 * a time, found by its id or by other names, and deleted after its answer was given. Nothing runs
 * between polls, so any process that shares the store can answer the next one.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { encodeBase64Url } from "../base64.ts";
import type { Awaitable } from "../crypto/interface.ts";
import { formatRequirement } from "../draft-11/headers.ts";
import {
  createInteractionCode,
  type InteractionCode,
  readCode,
  showCode,
} from "../draft-11/interaction-code.ts";
import { pendingAnswer, pollingError } from "../draft-11/problem.ts";
import { Limit } from "../store/limit.ts";
import { RecentMap } from "../store/recent-map.ts";
import type { RecordStore, RecordTerms } from "../store/record-store.ts";
import type { Answer } from "../types.ts";

/** Number of wrong secrets that end a request (section 11.6.3.1). */
const MAX_GUESSES = 5;
/** Wrong codes of all sources remembered at a time, and seconds for which they are. */
const MAX_WRONG_CODES = 10_000;
const WRONG_CODE_SECONDS = 600;
/** Exceeds the length of a code. */
const MAX_CODE_CHARACTERS = 64;
/** Interval at which a caller checks whether another process has changed a request. */
const LOOK_MS = 500;
/** Exceeds the duration of a call to another server. After a crash, a lease lasts this long. */
const LEASE_SECONDS = 120;
/**
 * Number of remembered leases that have ended. For a forgotten one, callers wait until it expires.
 */
const MAX_KEPT_LEASES = 1_000;
const ID = /^[\w-]{16,64}$/;
/** Maximum seconds for which a poll is held. */
const MAX_WAIT_SECONDS = 60;

/** A change of a request in progress, for which other changes wait. */
interface Lease {
  readonly holder: string;
  /** Unix seconds. */
  readonly until: number;
}

/**
 * Why a code opens nothing. `invalid_code`: unknown, used, or of a request that has ended;
 * `expired`: its request was not opened in time; `too_many_codes`: its source has tried too many
 * wrong ones, and this one was not tried.
 */
export type CodeRefusal = "invalid_code" | "expired" | "too_many_codes";

/** A caller's waiting time and connection. */
export interface Waiting {
  /** Default: no waiting. */
  readonly waitSeconds?: number | undefined;
  /** Aborted when the caller disconnects. */
  readonly signal?: AbortSignal | undefined;
}

/** Requirement of a deferred request, as its caller receives it. Plain data. */
export interface DeferredRequirement {
  readonly requirement: "interaction" | "approval" | "clarification" | "claims" | "auth-token";
  /** With `interaction`. */
  readonly url?: string;
  readonly code?: string;
  /** With `auth-token`. */
  readonly resourceToken?: string;
  /** Additional members of the body. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** A stored request: plain data. Additional members belong to the endpoint that answers it. */
export interface DeferredRecord {
  readonly id: string;
  /** The only caller that may poll: a key's thumbprint, an agent or a server. */
  readonly holder: string;
  /** Owner that the request is charged to. */
  readonly owner: string;
  /** Unix seconds. */
  expiresAt: number;
  status: "pending" | "interacting";
  /** Code that leads a browser to the request; unset once used. */
  code?: InteractionCode & { guesses: number };
  /** Other names that lead to the id, deleted when the request ends. */
  names: string[];
  requirement?: DeferredRequirement;
  /** The status and requirement in the last 202, so that a poll is held until there is news. */
  told?: string;
  /** Set once, delivered once. */
  outcome?: Answer;
  /** Set after the response was given or the request cancelled; all else is then deleted. */
  ended?: true;
  lease?: Lease;
}

/** Initial members of every request. */
export const newRecord = (id: string) => ({ id, status: "pending" as const, names: [] as string[] });

/** @param bytes default 24: 192 bits */
export const randomName = (bytes = 24): string => encodeBase64Url(platformCrypto.randomBytes(bytes));

/** The request does not exist for this holder, or has ended. */
export class MissingRequestError extends Error {
  override readonly name = "MissingRequestError";
  readonly isEnded: boolean;

  constructor(isEnded: boolean) {
    super(isEnded ? "the request has ended" : "there is no such request");
    this.isEnded = isEnded;
  }
}

/** Rules in which parties differ. */
interface DeferredPolicy<Kept> {
  /** Advances a request as far as possible. @returns its answer, if there is one */
  advance(record: Kept): Awaitable<Answer | undefined>;
  /** The answer to a poll that comes too early. */
  early(record: Kept): Answer | undefined;
  /** The requirement for the caller. Default: that of the record. */
  requirementOf?(record: Kept): DeferredRequirement | undefined;
  /** Called before the caller is told to wait. */
  waits?(record: Kept): void;
}

export interface DeferredRequestsOptions<Kept> extends DeferredPolicy<Kept> {
  readonly store: RecordStore<unknown>;
  /** Unix seconds. */
  readonly now: () => number;
  /** Beginning of the URLs at which requests are polled, with a final slash. */
  readonly location: string;
  /** Seconds between polls. */
  readonly retryAfterSeconds: number;
  /** Seconds for which a request is kept after its end, for callers that have yet to poll. */
  readonly keptSeconds: number;
  /** Different wrong codes that one source may try in ten minutes. */
  readonly maxWrongCodes: number;
}

export class DeferredRequests<Kept extends DeferredRecord> {
  readonly #options: DeferredRequestsOptions<Kept>;
  /** Callers in this process that wait for a change or the lease of a request. */
  readonly #waiting = new Map<string, Set<() => void>>();
  /** Leases whose change has failed, by holder. Their release may have failed as well. */
  readonly #over = new RecentMap<string, true>(MAX_KEPT_LEASES);
  readonly #wrongCodes: Limit;

  constructor(options: DeferredRequestsOptions<Kept>) {
    const { now, maxWrongCodes: maxPerOwner } = options;
    this.#options = options;
    this.#wrongCodes = new Limit({ now, maxPerOwner, maxEntries: MAX_WRONG_CODES });
  }

  /** Stores a new request. @throws StoreFullError */
  async begin(record: Kept): Promise<void> {
    await this.#options.store.put(requestKey(record.id), record, this.#terms(record));
  }

  /**
   * Answers a poll. A caller that has disconnected does not consume the answer.
   *
   * @throws MissingRequestError for another holder and for an unknown request; after the answer was
   *   delivered
   */
  async poll(id: string, holder: string, waiting: Waiting = {}): Promise<Answer> {
    const early = await this.change(id, holder, (record) => this.#options.early(record));
    return early ?? this.answer(id, holder, waiting);
  }

  /**
   * Checks the request until there is news or the time is over.
   *
   * @param options.isDecided whether the request has just been advanced
   */
  async answer(
    id: string,
    holder: string,
    { waitSeconds = 0, signal }: Waiting = {},
    { isDecided = false } = {},
  ): Promise<Answer> {
    const until = performance.now() + Math.min(waitSeconds, MAX_WAIT_SECONDS) * 1000;
    for (let isFresh = isDecided; ; isFresh = false) {
      const answer = await this.change(id, holder, (record) =>
        this.#look(record, { isLast: performance.now() >= until, isFresh, signal }),
      );
      if (answer !== undefined) return answer;
      await this.woken(id, until - performance.now());
    }
  }

  /** The 202 of a request. */
  waiting({ id, status }: Pick<Kept, "id" | "status">, requirement?: DeferredRequirement): Answer {
    const { location, retryAfterSeconds } = this.#options;
    const { members, ...named } = requirement ?? {};
    const field = requirement && formatRequirement({ ...named, requirement: requirement.requirement });
    return pendingAnswer(
      { status, ...members },
      { location: `${location}${id}`, retryAfterSeconds, requirement: field },
    );
  }

  async #look(
    record: Kept,
    { isLast, isFresh, signal }: { isLast: boolean; isFresh: boolean; signal: AbortSignal | undefined },
  ): Promise<Answer | undefined> {
    const { advance, requirementOf = (kept: Kept) => kept.requirement, waits } = this.#options;
    const isGone = () => signal?.aborted === true;
    const outcome = isFresh ? record.outcome : await advance(record);
    if (outcome !== undefined) {
      // hole S19: if (false) record.outcome = outcome;
      if (isGone()) record.outcome = outcome;
      else await this.end(record);
      return outcome;
    }
    const requirement = requirementOf(record);
    const told = JSON.stringify([record.status, requirement]);
    // A requirement on which the caller must act is reported at once.
    const isNews =
      told !== record.told && requirement !== undefined && requirement.requirement !== "approval";
    if (!isLast && !isGone() && !isNews) return undefined;
    record.told = told;
    waits?.(record);
    return this.waiting(record, requirement);
  }

  /** Reads a request; undefined after it has ended. */
  async get(id: string | undefined): Promise<Kept | undefined> {
    if (id === undefined || !ID.test(id)) return undefined;
    const kept = (await this.#options.store.get(requestKey(id))) as Kept | undefined;
    return kept?.ended ? undefined : kept;
  }

  hasEnded({ outcome, expiresAt }: Kept): boolean {
    return outcome !== undefined || this.#options.now() >= expiresAt;
  }

  /** Ends a request whose response is given with this change. */
  async end(record: Kept): Promise<void> {
    await this.forget(record);
    record.ended = true; // hole T25
  }

  /**
   * Changes a request. Only one change runs at a time across all processes that share the store,
   * because it may call other servers and issue tokens. If `change` throws, nothing changes. The
   * lease is part of the record, so it needs no room in the store.
   *
   * @param holder the caller; undefined for a change that is not made for a caller
   * @throws MissingRequestError for another holder, for an unknown request, and after the request
   *   has ended
   */
  async change<T>(
    id: string,
    holder: string | undefined,
    change: (record: Kept) => Awaitable<T>,
  ): Promise<T> {
    const { record, lease } = await this.#leased(id, holder);
    try {
      const result = await change(record);
      await this.#release(id, lease, record);
      return result;
    } catch (error) {
      this.#over.set(lease.holder, true); // hole V56
      await this.#release(id, lease);
      throw error;
    } finally {
      this.wake(leaseOf(id));
    }
  }

  /** Like {@link change}, for any holder; undefined if there is no such request. */
  async changeAny<T>(id: string | undefined, change: (record: Kept) => Awaitable<T>): Promise<T | undefined> {
    if (id === undefined) return undefined;
    try {
      return await this.change(id, undefined, change);
    } catch (error) {
      if (error instanceof MissingRequestError) return undefined;
      throw error;
    }
  }

  // ------------------------------------------------------------------------------- names and codes

  /** Id of the request with this name. */
  async idOf(name: string): Promise<string | undefined> {
    return (await this.#options.store.get(name)) as string | undefined;
  }

  /** Ids of the names that are charged to this owner. */
  async idsOf(owner: string): Promise<readonly string[]> {
    return (await this.#options.store.list(owner)) as readonly string[];
  }

  /** Stores another name of a request. @throws StoreFullError */
  async name(record: Kept, name: string, owner = record.owner): Promise<void> {
    await this.#options.store.put(name, record.id, { ...this.#terms(record), owner });
    record.names.push(name);
  }

  /** Deletes the names of a request, including its code. */
  async forget(record: Kept): Promise<void> {
    for (const name of record.names) await this.#options.store.delete(name);
    record.names = [];
    delete record.code;
  }

  /** Assigns a new code to a request, and returns it as shown to people. @throws StoreFullError */
  async newCode(record: Kept): Promise<string> {
    for (;;) {
      const code = createInteractionCode();
      const name = codeKey(code);
      if (!(await this.#options.store.putIfAbsent(name, record.id, this.#terms(record)))) continue;
      record.names.push(name);
      record.code = { ...code, guesses: 0 };
      return showCode(code);
    }
  }

  async dropCode(record: Kept): Promise<void> {
    if (record.code === undefined) return;
    const name = codeKey(record.code);
    await this.#options.store.delete(name);
    record.names = record.names.filter((other) => other !== name);
    delete record.code;
  }

  /**
   * Changes the request that a typed code selects. Too many wrong secrets end it. Only wrong codes
   * are counted, because many persons may share a source.
   *
   * @param from source of the attempt, such as an address or a session
   */
  async open<T>(
    typed: string,
    from: string,
    change: (record: Kept) => Awaitable<T | CodeRefusal>,
  ): Promise<T | CodeRefusal> {
    // Asked before anything is read, so that a source over its limit keeps no request busy.
    if (!this.#wrongCodes.hasRoom(from)) return "too_many_codes"; // hole S23b
    const code = readCode(typed);
    const id = code && (await this.idOf(codeKey(code)));
    const isCounted = () =>
      this.#wrongCodes.admits(from, typed.slice(0, MAX_CODE_CHARACTERS), WRONG_CODE_SECONDS);
    const result = await this.changeAny<T | CodeRefusal>(id, async (record) => {
      // Asked again, because others may have been tried meanwhile.
      if (!this.#wrongCodes.hasRoom(from)) return "too_many_codes"; // hole S23c
      if (record.code?.secret === code?.secret) return change(record);
      isCounted();
      if (record.code === undefined || this.hasEnded(record)) return "invalid_code";
      record.code.guesses += 1;
      if (record.code.guesses < MAX_GUESSES) return "invalid_code"; // hole T29a: return "invalid_code";
      record.outcome = pollingError("invalid_code", "too many wrong codes were tried");
      await this.dropCode(record);
      return "invalid_code";
    });
    return result ?? (isCounted() ? "invalid_code" : "too_many_codes"); // hole S23: result ?? "invalid_code"
  }

  // --------------------------------------------------------------------------------------- waiting

  /** Wakes the callers in this process that wait under a name. */
  wake(name: string): void {
    for (const wake of this.#waiting.get(name) ?? []) wake();
  }

  /** Waits until woken, or until the next check for a change by another process. */
  woken(name: string, atMostMs = LOOK_MS): Promise<void> {
    const waiting = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiting);
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        waiting.delete(wake);
        if (waiting.size === 0) this.#waiting.delete(name);
        resolve();
      };
      const timer = setTimeout(wake, Math.max(0, Math.min(LOOK_MS, atMostMs)));
      waiting.add(wake);
    });
  }

  // ---------------------------------------------------------------------------------------- inside

  #terms({ owner, expiresAt }: DeferredRecord): RecordTerms {
    const { now, keptSeconds } = this.#options;
    return { owner, ttlSeconds: Math.max(1, expiresAt - now() + keptSeconds) };
  }

  async #leased(id: string, holder: string | undefined): Promise<{ record: Kept; lease: Lease }> {
    const { store, now } = this.#options;
    if (!ID.test(id)) throw new MissingRequestError(false);
    const giveUpAt = performance.now() + LEASE_SECONDS * 1000;
    const lease: Lease = { holder: randomName(), until: now() + LEASE_SECONDS };
    for (;;) {
      const kept = (await store.update(requestKey(id), (value) => {
        const found = value as Kept | undefined;
        if (found === undefined || (holder !== undefined && found.holder !== holder)) {
          throw new MissingRequestError(false);
        }
        if (found.ended) throw new MissingRequestError(true);
        const isLeased = found.lease !== undefined && now() < found.lease.until;
        if (isLeased && this.#over.get(found.lease!.holder) === undefined) return undefined;
        return { value: { ...found, lease }, ...this.#terms(found) };
      })) as Kept;
      if (kept.lease?.holder === lease.holder) {
        const record = structuredClone(kept);
        delete record.lease;
        return { record, lease };
      }
      if (performance.now() > giveUpAt)
        throw new Error("the lease of a deferred request was not released in time");
      await this.woken(leaseOf(id));
    }
  }

  /**
   * Releases the lease and stores the changed record, if any.
   *
   * @throws Error if another process has taken over the lease
   */
  async #release(id: string, { holder }: Lease, changed?: Kept): Promise<void> {
    let isHolder = false;
    await this.#options.store.update(requestKey(id), (value) => {
      const kept = value as DeferredRecord | undefined;
      isHolder = kept?.lease?.holder === holder;
      if (kept === undefined || !isHolder) return undefined;
      const { lease: _lease, ...before } = kept;
      const record = changed ?? before;
      return { value: record.ended ? endOf(record) : record, ...this.#terms(record) };
    });
    if (changed !== undefined && !isHolder)
      throw new Error("a change of a deferred request exceeded its lease");
  }
}

/** The remainder of an ended request, which records only its end. */
const endOf = ({ id, holder, owner, expiresAt, status }: DeferredRecord): DeferredRecord => ({
  id,
  holder,
  owner,
  expiresAt,
  status,
  names: [],
  ended: true,
});

const requestKey = (id: string) => `request ${id}`;
const leaseOf = (id: string) => `lease ${id}`;
const codeKey = ({ name }: Pick<InteractionCode, "name">) => `code ${name}`;
