import type { CreateStore } from "./create-store.ts";
import { createHoldings } from "./holdings.ts";
import { OAuthError } from "./oauth-error.ts";

/** A store whose room is shared out, so that nobody pushes out what is somebody else's. */
export interface SharedStore<Value> {
  get(key: string): Promise<Value | undefined>;
  /** Stores a value; its holder's oldest one may have to go for it. Throws when there is no room at all. */
  put(key: string, value: Value, lifetimeSeconds: number): Promise<void>;
  /** Reads and removes: of two callers one gets the value. */
  take(key: string): Promise<Value | undefined>;
  /**
   * Puts another value of the same holder in a value's place for the rest of its lifetime, and gives back the one before. Of two
   * callers at the same time one finds nothing, or what the other has put there.
   */
  replace(key: string, change: (value: Value) => Value): Promise<Value | undefined>;
  delete(key: string): Promise<void>;
}

interface Entry<Value> {
  readonly value: Value;
  /** Unix seconds. */
  readonly expiresAt: number;
}

export interface SharedStoreOptions<Value> {
  /** Whose a value is. */
  readonly holderOf: (value: Value) => string;
  readonly now: () => number;
  /** Default: what a store usually holds, and no more than that. */
  readonly maxEntries?: number;
  /** Default: see `createHoldings`. */
  readonly maxPerHolder?: number;
  /** What is thrown when there is no room at all. Default: 503 `temporarily_unavailable`. */
  readonly full?: () => Error;
}

export function createSharedStore<Value>(
  createStore: CreateStore,
  options: SharedStoreOptions<Value>,
): SharedStore<Value> {
  const { holderOf, now, full = storeFull, maxPerHolder } = options;
  const maxEntries = Math.min(options.maxEntries ?? createStore.maxEntries, createStore.maxEntries);
  const store = createStore<Entry<Value>>(maxEntries);
  const holdings = createHoldings({
    maxEntries,
    now,
    ...(maxPerHolder !== undefined && { maxPerHolder }),
  });
  return {
    get: async (key) => (await store.get(key))?.value,
    async put(key, value, lifetimeSeconds) {
      const dropped = holdings.add(holderOf(value), key, lifetimeSeconds);
      if (dropped === "full") throw full();
      const entry = { value, expiresAt: now() + lifetimeSeconds };
      // In one go, so that nothing comes between the notes and the store.
      await Promise.all([...dropped.map((old) => store.delete(old)), store.put(key, entry, lifetimeSeconds)]);
    },
    async take(key) {
      const entry = await store.take(key);
      if (entry !== undefined) holdings.remove(key);
      return entry?.value;
    },
    async replace(key, change) {
      const noted = holdings.has(key);
      // Its place stays noted meanwhile, so that nothing else comes into it.
      const entry = await store.take(key);
      if (entry === undefined) return undefined;
      const { value, expiresAt } = entry;
      const left = expiresAt - now();
      const deleted = noted && !holdings.has(key);
      if (left > 0 && !deleted) await store.put(key, { value: change(value), expiresAt }, left);
      return value;
    },
    async delete(key) {
      holdings.remove(key);
      await store.delete(key);
    },
  };
}

function storeFull(): OAuthError {
  return new OAuthError(503, "temporarily_unavailable", "Too much is being kept for others: try again later");
}
