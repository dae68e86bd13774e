import { Expiring } from "./expiring.ts";

/** A store has no room for an owner that holds nothing in it. Applications answer it with 503. */
export class StoreFullError extends Error {
  override readonly name = "StoreFullError";
  readonly code = "store_full";

  constructor() {
    super("other owners hold everything that can be kept: try again later");
  }
}

/**
 * The quota rule of every bounded store: what an owner holds, times the number of owners, may not
 * exceed what is free. One owner that floods gets half and leaves half; k of them leave one part in
 * k + 1, which later owners divide up. A fixed part for each would be too small for one owner and
 * too much for a thousand.
 */
export function hasReachedQuota(held: number, owners: number, free: number): boolean {
  return held * owners >= free;
}

/** The bounds of a store with a quota for each owner. */
export interface QuotaStoreOptions<Value> {
  /** Most entries held at a time. */
  readonly maxEntries: number;
  /** Most entries of one owner. Default a tenth of `maxEntries`. */
  readonly maxPerOwner?: number;
  /** Entries that are held first come, first served, before owners have quotas. Default 0. */
  readonly unshared?: number;
  /** Clock in Unix seconds. */
  readonly now: () => number;
  /**
   * Called for each value that is deleted, has expired, or had to go for a newer one of its owner;
   * not for one that was taken. Default: nothing.
   */
  readonly onDrop?: (value: Value) => void;
}

interface Entry<Value> {
  readonly key: string;
  readonly value: Value;
  readonly quota: Quota<Value>;
  /** Unix seconds; the entry is gone from then on. */
  readonly expiresAt: number;
}

interface Quota<Value> {
  readonly owner: string;
  /** Oldest first. */
  readonly entries: Map<string, Entry<Value>>;
}

/**
 * A store in memory that no owner can fill for the others: an owner that has reached its quota
 * loses its own oldest entry for a new one, an owner that finds no room is refused, and no owner's
 * entry goes for another's. Owners are users, or `ownerOf` an agent. Swept once a second; each
 * operation takes constant time, except `list`.
 *
 * Does NOT keep entries until they expire: where a forgotten entry lets a replay pass, use
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

  /** Entries held, those included that have expired since the last sweep. */
  get size(): number {
    return this.#entries.size;
  }

  /** True when a new entry of `owner` costs it no other one, and is not refused. */
  hasRoom(owner: string): boolean {
    this.#sweep();
    const quota = this.#quotas.get(owner);
    const held = quota?.entries.size ?? 0;
    const owners = this.#quotas.size + (quota === undefined ? 1 : 0);
    const { maxEntries, unshared = 0 } = this.#options;
    const isShared = this.#entries.size >= unshared;
    const free = maxEntries - this.#entries.size;
    return held < this.#maxPerOwner && !(isShared && hasReachedQuota(held, owners, free));
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

  /** Owner that the entry under this key is charged to; undefined where there is none. */
  ownerOf(key: string): string | undefined {
    return this.has(key) ? this.#entries.get(key)?.quota.owner : undefined;
  }

  get(key: string): Value | undefined {
    return this.has(key) ? this.#entries.get(key)?.value : undefined;
  }

  /**
   * Stores a value for `ttlSeconds`; as its owner's newest, also where it replaces one of that
   * owner, which needs no further room.
   *
   * @returns keys of the owner's oldest entries that had to go for it: none or one
   * @throws StoreFullError when no room is left for an owner that holds nothing
   * @throws RangeError when `ttlSeconds` is not a positive number
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

  /** Reads and removes. */
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
