import type { Awaitable } from "../crypto/interface.ts";
import { QuotaStore, StoreFullError } from "./quota-store.ts";

/** Owner that an entry is charged to, and how long it is kept. */
export interface RecordTerms {
  readonly owner: string;
  readonly ttlSeconds: number;
}

/** A value with its terms. */
export interface StoredRecord<Value> extends RecordTerms {
  readonly value: Value;
}

/**
 * Storage for what outlives a request: deferred requests, grants, revocations, sessions, the tokens
 * of an agent. Every entry has a lifetime and an owner, and is kept until its lifetime ends: no
 * entry goes for another. An owner that has reached its quota, or that finds no room, is refused
 * with `StoreFullError`, and leaves the entries of all others alone. An entry keeps its owner;
 * replacing it needs no further room.
 *
 * All methods reject with `StoreUnavailableError` where the store cannot be reached. An entry that
 * cannot be read rejects with an error whose `code` is `store_record_unreadable`; `list` may leave
 * it out and report it instead.
 *
 * Values are plain JSON and are treated as immutable: a store may return the same object twice, or
 * a copy. `putIfAbsent`, `take` and `update` are atomic, also among processes that share the store.
 * `recordStoreContract` of `aauth/testing` has the tests of an implementation.
 */
export interface RecordStore<Value> {
  get(key: string): Awaitable<Value | undefined>;
  /** Replaces the value before. @throws StoreFullError */
  put(key: string, value: Value, terms: RecordTerms): Awaitable<void>;
  /** @returns false where there is a value, which stays. @throws StoreFullError */
  putIfAbsent(key: string, value: Value, terms: RecordTerms): Awaitable<boolean>;
  /** Reads and removes: of two callers one gets the value. */
  take(key: string): Awaitable<Value | undefined>;
  delete(key: string): Awaitable<void>;
  /**
   * Compare-and-set: replaces a value by what `change` makes of it, with no other write in between.
   *
   * @param change runs again where another write came first, and so has no effect of its own.
   * Undefined leaves the entry as it is; what it throws does, too.
   * @returns the value that is there afterwards
   * @throws StoreFullError
   */
  update(
    key: string,
    change: (value: Value | undefined) => StoredRecord<Value> | undefined,
  ): Awaitable<Value | undefined>;
  /** Values of one owner, in the order of their last write, oldest first. */
  list(owner: string): Awaitable<readonly Value[]>;
}

/** The bound and the clock of a record store in memory. */
export interface MemoryRecordStoreOptions {
  /** Most entries of all owners together. Default 50000. */
  readonly maxEntries?: number | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

const MAX_ENTRIES = 50_000;

/**
 * Creates a {@link RecordStore} in memory: for one process, lost when it ends. The first half of
 * the room is for any owner, the other half is divided among all, so that later ones find room.
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
