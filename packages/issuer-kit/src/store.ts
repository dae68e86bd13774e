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

export type CreateStore = <Value>(bounds?: Bounds) => Store<Value>;

interface Bounds {
  readonly maxEntries: number;
  readonly maxPerOwner: number;
}

const MAX_ENTRIES = 10_000;

/**
 * Stores in memory: everyone is signed out, and every refresh token void, when the process ends.
 */
export function memoryStores(now: () => number, maxEntries = MAX_ENTRIES): CreateStore {
  return <Value>(bounds: Bounds = { maxEntries, maxPerOwner: Math.ceil(maxEntries / 10) }): Store<Value> => {
    const entries = new QuotaStore<Value>({
      maxPerOwner: bounds.maxPerOwner,
      maxEntries: Math.min(bounds.maxEntries, maxEntries),
      now,
      full: storeFull,
    });
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
  };
}

export function storeFull(): OAuthError {
  return new OAuthError(503, "temporarily_unavailable", "Too much is being kept for others: try again later");
}
