import { QuotaStore } from "aauth";
import type { CreateStore } from "./create-store.ts";
import { OAuthError } from "./oauth-error.ts";

/** A store with a quota for each owner (`QuotaStore`), whose entries may be elsewhere. */
export interface SharedStore<Value> {
  get(key: string): Promise<Value | undefined>;
  /** Stores a value; its owner's oldest one may have to go for it. Throws when no room is left. */
  put(key: string, value: Value, lifetimeSeconds: number): Promise<void>;
  /** Reads and removes: of two callers one gets the value. */
  take(key: string): Promise<Value | undefined>;
  /**
   * Puts another value of the same owner in a value's place for the rest of its lifetime, and gives back the one before. Of two
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
  readonly ownerOf: (value: Value) => string;
  readonly now: () => number;
  /** Default: what a store usually holds, which is the most. */
  readonly maxEntries?: number;
  /** Default: a tenth. */
  readonly maxPerOwner?: number;
  /** What is thrown when no room is left. Default: 503 `temporarily_unavailable`. */
  readonly full?: () => Error;
}

export function createSharedStore<Value>(
  createStore: CreateStore,
  options: SharedStoreOptions<Value>,
): SharedStore<Value> {
  const { ownerOf, now, full = storeFull, maxPerOwner } = options;
  const maxEntries = Math.min(options.maxEntries ?? createStore.maxEntries, createStore.maxEntries);
  const store = createStore<Entry<Value>>(maxEntries);
  // In this process, also where the entries are elsewhere: two additions at once must not miss each other.
  const noted = new QuotaStore<true>({
    maxEntries,
    now,
    full,
    ...(maxPerOwner !== undefined && { maxPerOwner }),
  });
  return {
    get: async (key) => (await store.get(key))?.value,
    async put(key, value, lifetimeSeconds) {
      const dropped = noted.put(ownerOf(value), key, true, lifetimeSeconds);
      const entry = { value, expiresAt: now() + lifetimeSeconds };
      // In one go, so that nothing comes between the notes and the store.
      await Promise.all([...dropped.map((old) => store.delete(old)), store.put(key, entry, lifetimeSeconds)]);
    },
    async take(key) {
      const entry = await store.take(key);
      if (entry !== undefined) noted.delete(key);
      return entry?.value;
    },
    async replace(key, change) {
      const wasNoted = noted.has(key);
      // Its place stays noted meanwhile, so that nothing else comes into it.
      const entry = await store.take(key);
      if (entry === undefined) return undefined;
      const { value, expiresAt } = entry;
      const left = expiresAt - now();
      const deleted = wasNoted && !noted.has(key);
      if (left > 0 && !deleted) await store.put(key, { value: change(value), expiresAt }, left);
      return value;
    },
    async delete(key) {
      noted.delete(key);
      await store.delete(key);
    },
  };
}

function storeFull(): OAuthError {
  return new OAuthError(503, "temporarily_unavailable", "Too much is being kept for others: try again later");
}
