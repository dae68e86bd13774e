/**
 * Deferred requests (draft -11, sections 6.2, 6.5.1, 7.3 and 11.8). Each is a record in a store,
 * bound to its holder, changed by one process at a time, found by its id or by other names, and
 * deleted after its response was given. Nothing runs between polls, so any process that shares the
 * store can answer the next one.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { encodeBase64Url } from "../base64.ts";
import type { Awaitable } from "../crypto/interface.ts";
import {
  createInteractionCode,
  type InteractionCode,
  readCode,
  showCode,
} from "../draft-11/interaction-code.ts";
import { Limit } from "../store/limit.ts";
import { RecentMap } from "../store/recent-map.ts";
import type { RecordStore, RecordTerms } from "../store/record-store.ts";

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
  /** Set once, delivered once. */
  outcome?: unknown;
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

export interface DeferredRecordsOptions<Kept> {
  readonly store: RecordStore<unknown>;
  /** Unix seconds. */
  readonly now: () => number;
  /** Seconds for which a request is kept after its end, for callers that have yet to poll. */
  readonly keptSeconds: number;
  /** Default: requests have no codes. */
  readonly codes?: {
    /** Different wrong codes that one source may try in ten minutes. */
    readonly maxWrong: number;
    /** Sets the outcome of a request after too many wrong guesses of its code. */
    guessedAt(record: Kept): void;
  };
}

export class DeferredRecords<Kept extends DeferredRecord> {
  readonly #options: DeferredRecordsOptions<Kept>;
  /** Callers in this process that wait for a change or the lease of a request. */
  readonly #waiting = new Map<string, Set<() => void>>();
  /** Leases whose change has failed, by holder. Their release may have failed as well. */
  readonly #over = new RecentMap<string, true>(MAX_KEPT_LEASES);
  readonly #wrongCodes: Limit;

  constructor(options: DeferredRecordsOptions<Kept>) {
    const { now, codes } = options;
    this.#options = options;
    this.#wrongCodes = new Limit({ now, maxPerOwner: codes?.maxWrong ?? 1, maxEntries: MAX_WRONG_CODES });
  }

  /** Stores a new request. @throws StoreFullError */
  async add(record: Kept): Promise<void> {
    await this.#options.store.put(requestKey(record.id), record, this.terms(record));
  }

  /** Reads a request; undefined after it has ended. */
  async get(id: string | undefined): Promise<Kept | undefined> {
    if (id === undefined) return undefined;
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
    await this.#options.store.put(name, record.id, { ...this.terms(record), owner });
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
      if (!(await this.#options.store.putIfAbsent(name, record.id, this.terms(record)))) continue;
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
      this.#options.codes?.guessedAt(record);
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

  terms({ owner, expiresAt }: DeferredRecord): RecordTerms {
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
        return { value: { ...found, lease }, ...this.terms(found) };
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
      return { value: record.ended ? endOf(record) : record, ...this.terms(record) };
    });
    if (changed !== undefined && !isHolder)
      throw new Error("a change of a deferred request exceeded its lease");
  }
}

/** The remainder of an ended request, which records only its end. */
const endOf = ({ id, holder, owner, expiresAt, status }: DeferredRecord): DeferredRecord => ({
  ...{ id, holder, owner, expiresAt, status, names: [], ended: true },
});

const requestKey = (id: string) => `request ${id}`;
const leaseOf = (id: string) => `lease ${id}`;
const codeKey = ({ name }: Pick<InteractionCode, "name">) => `code ${name}`;
