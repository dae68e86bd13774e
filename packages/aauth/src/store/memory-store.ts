import { Expiring } from "./expiring.ts";
import type { KeyValueStore } from "./key-value-store.ts";

/** The bound and the clock of a store in memory. */
export interface MemoryStoreOptions {
  /** Most entries held at a time. Default 10000. */
  readonly maxEntries?: number;
  /** Clock in Unix seconds. Default the system's. */
  readonly now?: () => number;
}

interface Entry<Value> {
  readonly value: Value;
  /** Unix seconds; the entry is gone from then on. */
  readonly expiresAt: number;
}

/**
 * A `KeyValueStore` in memory: one process, gone with it. Bounded and swept by expiry, each operation in constant
 * time. When full, `put` drops the oldest entry, and `putIfAbsent` answers false: what was claimed is not forgotten
 * to make room for another claim.
 *
 * @throws {RangeError} from `put` and `putIfAbsent` when `ttlSeconds` is not a positive number
 *
 * @example
 * const codes = createMemoryStore<Code>({ maxEntries: 1_000 });
 * codes.put(code, { agent }, 60);
 */
export function createMemoryStore<Value>(options: MemoryStoreOptions = {}): MemoryStore<Value> {
  return new MemoryStore(options.maxEntries ?? 10_000, options.now ?? (() => Date.now() / 1000));
}

/** The store of `createMemoryStore`: the same five verbs, without promises. */
export class MemoryStore<Value> implements KeyValueStore<Value> {
  readonly #maxEntries: number;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #expiring: Expiring<string>;

  constructor(maxEntries: number, now: () => number) {
    if (!(maxEntries >= 1)) throw new RangeError("maxEntries must be at least 1");
    this.#maxEntries = maxEntries;
    this.#now = now;
    this.#expiring = new Expiring(now);
  }

  /** Entries held, those included that have expired since the last sweep. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    return entry && this.#now() < entry.expiresAt ? entry.value : undefined;
  }

  put(key: string, value: Value, ttlSeconds: number): void {
    const now = this.#sweep();
    this.delete(key);
    if (this.#entries.size >= this.#maxEntries) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.delete(oldest.value);
    }
    this.#insert(key, value, now + requirePositive(ttlSeconds));
  }

  putIfAbsent(key: string, value: Value, ttlSeconds: number): boolean {
    const now = this.#sweep();
    const expiresAt = now + requirePositive(ttlSeconds);
    const present = this.#entries.get(key);
    if (present && now < present.expiresAt) return false;
    this.delete(key);
    if (this.#entries.size >= this.#maxEntries) return false;
    this.#insert(key, value, expiresAt);
    return true;
  }

  take(key: string): Value | undefined {
    const value = this.get(key);
    this.delete(key);
    return value;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#expiring.delete(key, entry.expiresAt);
  }

  #insert(key: string, value: Value, expiresAt: number): void {
    this.#entries.set(key, { value, expiresAt });
    this.#expiring.add(key, expiresAt);
  }

  /** Drops what has expired; returns the time it is. */
  #sweep(): number {
    return this.#expiring.sweep((key) => this.#entries.delete(key));
  }
}

function requirePositive(ttlSeconds: number): number {
  if (!(ttlSeconds > 0)) throw new RangeError("ttlSeconds must be positive");
  return ttlSeconds;
}
