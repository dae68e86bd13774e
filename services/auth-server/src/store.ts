import { QuotaStore } from "aauth";
import { OAuthError } from "./oauth-error.ts";

/**
 * A bounded store with a quota for each owner: no owner fills it for the others. Asynchronous, with
 * values that are plain data, so that the entries may be kept outside this process.
 */
export interface Store<Value> {
  get(key: string): Promise<Value | undefined>;
  /**
   * Stores a value as its owner's newest; the owner's oldest value may have to go for it.
   *
   * @throws OAuthError 503 `temporarily_unavailable` when no room is left for an owner without
   * values
   */
  put(owner: string, key: string, value: Value, lifetimeSeconds: number): Promise<void>;
  /** Reads and removes: of two callers one gets the value. */
  take(key: string): Promise<Value | undefined>;
  delete(key: string): Promise<void>;
}

/** Gives the store of this name, which is always the same one. */
export type CreateStore = <Value>(
  name: string,
  bounds?: { readonly maxEntries: number; readonly maxPerOwner: number },
) => Store<Value>;

const MAX_ENTRIES = 10_000;

/**
 * Stores in memory: everyone is signed out, and every refresh token void, when the process ends.
 */
export function memoryStores(now: () => number, maxEntries = MAX_ENTRIES): CreateStore {
  const stores = new Map<string, Store<never>>();
  return <Value>(name: string, bounds = { maxEntries, maxPerOwner: Math.ceil(maxEntries / 10) }) => {
    const store =
      (stores.get(name) as Store<Value> | undefined) ??
      memoryStore<Value>({ ...bounds, maxEntries: Math.min(bounds.maxEntries, maxEntries), now });
    stores.set(name, store as Store<never>);
    return store;
  };
}

function memoryStore<Value>(bounds: {
  maxEntries: number;
  maxPerOwner: number;
  now: () => number;
}): Store<Value> {
  const entries = new QuotaStore<Value>({ ...bounds, full: storeFull });
  return {
    get: async (key) => entries.get(key),
    async put(owner, key, value, lifetimeSeconds) {
      entries.put(owner, key, value, lifetimeSeconds);
    },
    take: async (key) => entries.take(key),
    async delete(key) {
      entries.delete(key);
    },
  };
}

function storeFull(): OAuthError {
  return new OAuthError(503, "temporarily_unavailable", "Too much is being kept for others: try again later");
}
