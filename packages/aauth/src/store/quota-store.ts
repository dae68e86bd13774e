import { Expiring } from "./expiring.ts";

/** A store has no room for a new owner. Applications respond with 503. */
export class StoreFullError extends Error {
  override readonly name = "StoreFullError";
  readonly code = "store_full";

  constructor() {
    super("the store is filled by other owners; try again later");
  }
}

/**
 * The quota rule of every bounded store: an owner's entries, times the number of owners, may not
 * exceed the free room. One flooding owner gets half of the room; k of them leave a fraction of
 * 1/(k + 1) for later owners. A fixed quota would be too small for one owner and too large for a
 * thousand.
 */
export function hasReachedQuota(held: number, owners: number, free: number): boolean {
  return held * owners >= free;
}

/** Options of a store with a quota for each owner. */
export interface QuotaStoreOptions<Value> {
  /** Maximum entries. */
  readonly maxEntries: number;
  /** Maximum entries of one owner. Default: a tenth of `maxEntries`. */
  readonly maxPerOwner?: number;
  /** Number of entries up to which quotas do not apply. Default 0. */
  readonly unshared?: number;
  /** Clock in Unix seconds. */
  readonly now: () => number;
  /**
   * Called for each value that is deleted, expired, or evicted by a newer one of its owner, but not
   * for one that was taken. Default: none.
   */
  readonly onDrop?: (value: Value) => void;
}

interface Entry<Value> {
  readonly key: string;
  readonly value: Value;
  readonly quota: Quota<Value>;
  /** Unix seconds from which the entry no longer exists. */
  readonly expiresAt: number;
}

interface Quota<Value> {
  readonly owner: string;
  /** Oldest first. */
  readonly entries: Map<string, Entry<Value>>;
}

/**
 * An in-memory store with quotas: a new entry of an owner at its quota evicts that owner's oldest
 * entry, a new owner without room is refused, and no owner's entry is evicted for another's. Owners
 * are users, or `ownerOf` an agent. Swept once a second; each operation takes constant time, except
 * `list`.
 *
 * Does NOT keep entries until they expire: if a lost entry would allow a replay, use
 * `createMemoryClaimStore`.
 */
export class QuotaStore<Value> {
  readonly #options: QuotaStoreOptions<Value>;
  readonly #maxPerOwner: number;
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #quotas = new Map<string, Quota<Value>>();
  readonly #expiring: Expiring<Entry<Value>>;

  /** @throws RangeError for a bound below 1 */
  constructor(options: QuotaStoreOptions<Value>) {
    const { maxEntries, maxPerOwner = Math.ceil(maxEntries / 10), now } = options;
    if (!(maxEntries >= 1 && maxPerOwner >= 1)) throw new RangeError("the bounds must be at least 1");
    this.#options = options;
    this.#maxPerOwner = maxPerOwner;
    this.#expiring = new Expiring(now);
  }

  /** Number of entries, including those that have expired since the last sweep. */
  get size(): number {
    return this.#entries.size;
  }

  /** True if a new entry of `owner` is accepted without evicting another. */
  hasRoom(owner: string): boolean {
    this.#sweep();
    const quota = this.#quotas.get(owner);
    const held = quota?.entries.size ?? 0;
    const owners = this.#quotas.size + (quota === undefined ? 1 : 0);
    const { maxEntries, unshared = 0 } = this.#options;
    const isShared = this.#entries.size >= unshared;
    const free = maxEntries - this.#entries.size;
    return held < this.#maxPerOwner && !(isShared && hasReachedQuota(held, owners, free)); // hole X10: true
  }

  /** Values of one owner, oldest first. */
  list(owner: string): Value[] {
    this.#sweep();
    const entries = [...(this.#quotas.get(owner)?.entries.values() ?? [])];
    return entries.filter(({ key }) => this.has(key)).map(({ value }) => value);
  }

  has(key: string): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && this.#options.now() < entry.expiresAt;
  }

  /** Owner of the entry; undefined if there is none. */
  ownerOf(key: string): string | undefined {
    return this.has(key) ? this.#entries.get(key)?.quota.owner : undefined;
  }

  get(key: string): Value | undefined {
    return this.has(key) ? this.#entries.get(key)?.value : undefined;
  }

  /**
   * Stores a value for `ttlSeconds` as its owner's newest entry. Replacing an own entry needs no
   * further room.
   *
   * @returns key of the owner's evicted oldest entry, if any
   * @throws StoreFullError if there is no room for a new owner
   * @throws RangeError unless `ttlSeconds` is a positive number
   */
  put(owner: string, key: string, value: Value, ttlSeconds: number): readonly string[] {
    if (!(ttlSeconds > 0)) throw new RangeError("ttlSeconds must be positive");
    const replaced = this.#entries.get(key);
    if (replaced !== undefined) this.#remove(replaced);
    const dropped = replaced?.quota.owner === owner || this.hasRoom(owner) ? [] : [this.#dropOldest(owner)];
    const quota = this.#quotas.get(owner) ?? { owner, entries: new Map<string, Entry<Value>>() };
    const entry = { key, value, quota, expiresAt: this.#options.now() + ttlSeconds };
    this.#quotas.set(owner, quota);
    quota.entries.set(key, entry);
    this.#entries.set(key, entry);
    this.#expiring.add(entry, entry.expiresAt);
    return dropped;
  }

  /** Reads and removes a value. */
  take(key: string): Value | undefined {
    const value = this.get(key);
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#remove(entry);
    return value;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#drop(entry);
  }

  #dropOldest(owner: string): string {
    const [oldest] = this.#quotas.get(owner)?.entries.values() ?? [];
    if (oldest === undefined) throw new StoreFullError();
    this.#drop(oldest);
    return oldest.key;
  }

  #drop(entry: Entry<Value>): void {
    this.#remove(entry);
    this.#options.onDrop?.(entry.value);
  }

  #remove(entry: Entry<Value>): void {
    const { key, quota } = entry;
    this.#entries.delete(key);
    quota.entries.delete(key);
    if (quota.entries.size === 0) this.#quotas.delete(quota.owner);
    this.#expiring.delete(entry, entry.expiresAt);
  }

  #sweep(): void {
    this.#expiring.sweep((entry) => this.#drop(entry));
  }
}
