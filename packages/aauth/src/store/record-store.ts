import type { Awaitable } from "../crypto/interface.ts";
import { QuotaStore, StoreFullError } from "./quota-store.ts";

/** Owner and lifetime of an entry. */
export interface RecordTerms {
  readonly owner: string;
  readonly ttlSeconds: number;
}

/** A value with its terms. */
export interface StoredRecord<Value> extends RecordTerms {
  readonly value: Value;
}

/**
 * Storage for state that outlives a request: deferred requests, grants, revocations, sessions,
 * tokens of an agent. Every entry has a lifetime and an owner, and is never evicted before its
 * lifetime ends. An owner at its quota, or without room, is refused with `StoreFullError`. An entry
 * keeps its owner; replacing it needs no further room.
 *
 * All methods reject with `StoreUnavailableError` if the store is unreachable. For an unreadable
 * entry they reject with an error whose `code` is `store_record_unreadable`; `list` may omit the
 * entry and report it instead.
 *
 * Values are plain JSON and are treated as immutable: a store may return the same object twice, or
 * a copy. `putIfAbsent`, `take` and `update` are atomic, even across processes that share the
 * store. `recordStoreContract` of `aauth/testing` tests an implementation.
 */
export interface RecordStore<Value> {
  get(key: string): Awaitable<Value | undefined>;
  /** Stores or replaces a value. @throws StoreFullError */
  put(key: string, value: Value, terms: RecordTerms): Awaitable<void>;
  /** @returns false if there already is a value, which is kept. @throws StoreFullError */
  putIfAbsent(key: string, value: Value, terms: RecordTerms): Awaitable<boolean>;
  /** Reads and removes a value; only one of two concurrent callers receives it. */
  take(key: string): Awaitable<Value | undefined>;
  delete(key: string): Awaitable<void>;
  /**
   * Compare-and-set: replaces a value by the result of `change`, with no other write in between.
   *
   * @param change must be free of side effects, because it runs again after a concurrent write. If
   * it returns undefined or throws, the entry is unchanged.
   * @returns the resulting value
   * @throws StoreFullError
   */
  update(
    key: string,
    change: (value: Value | undefined) => StoredRecord<Value> | undefined,
  ): Awaitable<Value | undefined>;
  /** Values of one owner, by their last write, oldest first. */
  list(owner: string): Awaitable<readonly Value[]>;
}

/** Bound and clock of an in-memory record store. */
export interface MemoryRecordStoreOptions {
  /** Maximum entries of all owners together. Default 50000. */
  readonly maxEntries?: number | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

const MAX_ENTRIES = 50_000;

/**
 * Creates an in-memory {@link RecordStore} for one process. Quotas apply only to the second half of
 * the room, so that later owners find room.
 *
 * @example
 * const grants = createMemoryRecordStore<Grant>({ maxEntries: 10_000 });
 */
export function createMemoryRecordStore<Value>(options: MemoryRecordStoreOptions = {}): RecordStore<Value> {
  const { maxEntries = MAX_ENTRIES, now = () => Date.now() / 1000 } = options;
  const unshared = Math.floor(maxEntries / 2);
  const entries = new QuotaStore<Value>({ maxEntries, maxPerOwner: maxEntries, unshared, now });
  function put(key: string, value: Value, { owner, ttlSeconds }: RecordTerms): void {
    if (entries.ownerOf(key) !== owner && !entries.hasRoom(owner)) throw new StoreFullError(); // hole S1c
    entries.put(owner, key, value, ttlSeconds);
  }
  return {
    get: (key) => entries.get(key),
    put,
    putIfAbsent(key, value, terms) {
      if (entries.has(key)) return false;
      put(key, value, terms);
      return true;
    },
    take: (key) => entries.take(key),
    delete: (key) => entries.delete(key),
    update(key, change) {
      const changed = change(entries.get(key));
      if (changed !== undefined) put(key, changed.value, changed);
      return entries.get(key);
    },
    list: (owner) => entries.list(owner),
  };
}
