import type { KeyValueStore } from "./key-value-store.ts";
import { QuotaStore } from "./quota-store.ts";

/** What a store in memory counts by. */
export interface Owned {
  /** Who has to do with less when this is kept: `ownerOfCaller`, or a user. */
  readonly owner: string;
}

/**
 * A {@link KeyValueStore} in memory that no owner can fill for the others: one process, gone with it. An owner that has its share loses its
 * own oldest entry for the next `put`; `putIfAbsent` answers false instead, as where there is an entry already.
 *
 * @throws StoreFullError from `put` when no room is left for an owner that holds nothing
 */
export function createOwnedStore<Value extends Owned>(options: {
  readonly maxEntries: number;
  readonly maxPerOwner?: number;
  /** Unix seconds. */
  readonly now: () => number;
}): KeyValueStore<Value> {
  const entries = new QuotaStore<Value>(options);
  return {
    get: (key) => entries.get(key),
    put(key, value, ttlSeconds) {
      entries.put(value.owner, key, value, ttlSeconds);
    },
    putIfAbsent(key, value, ttlSeconds) {
      if (entries.has(key) || !entries.hasRoom(value.owner)) return false;
      entries.put(value.owner, key, value, ttlSeconds);
      return true;
    },
    take: (key) => entries.take(key),
    delete: (key) => entries.delete(key),
  };
}
