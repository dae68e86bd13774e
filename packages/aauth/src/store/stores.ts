import { type ClaimStore, createMemoryClaimStore } from "./claim-store.ts";
import { requireProcessStart } from "./process-start.ts";
import { createMemoryRecordStore, type RecordStore } from "./record-store.ts";

/** Bound of a store. */
export interface StoreBounds {
  /** Maximum entries of all owners together. Default 200000 claims, 50000 records. */
  readonly maxEntries?: number | undefined;
}

/**
 * Stores by name, for state that outlives a request. A name denotes the same store in every call,
 * and in every process that shares the database. Each store has its own keys, owners and bound.
 *
 * A party names its stores by role and identity: `replay https://reports.example`. Two programs
 * that verify the same request, such as a gateway and the resource behind it, need separate stores;
 * otherwise the second finds the signature already used.
 */
export interface Stores {
  /**
   * Unix seconds since which the stores are complete. A token issued earlier may have been revoked
   * unnoticed, and is refused. Default: complete.
   */
  readonly knownSince?: number | undefined;
  /** @throws RangeError for a bound below 1 */
  claims(name: string, bounds?: StoreBounds): ClaimStore;
  /** @throws RangeError for a bound below 1 */
  records<Value>(name: string, bounds?: StoreBounds): RecordStore<Value>;
}

/**
 * Creates in-memory {@link Stores} for one process.
 *
 * @param options.now Unix seconds. Default: the system clock
 * @throws TypeError on a runtime that does not report its start time, such as Workers, whose
 *   isolates do not share memory
 *
 * @example
 * const stores = createMemoryStores();
 * createResource({ resource: "https://reports.example", key, stores });
 */
export function createMemoryStores({ now }: { readonly now?: (() => number) | undefined } = {}): Stores {
  const clock = now ?? (() => Math.floor(Date.now() / 1000));
  const claims = new Map<string, ClaimStore>();
  const records = new Map<string, RecordStore<unknown>>();
  return {
    knownSince: requireProcessStart(clock, "stores in memory"),
    claims: (name, bounds) => remembered(claims, name, () => createMemoryClaimStore({ ...bounds, now })),
    records: <Value>(name: string, bounds?: StoreBounds) =>
      remembered(records, name, () =>
        createMemoryRecordStore<unknown>({ ...bounds, now }),
      ) as RecordStore<Value>,
  };
}

function remembered<Store>(known: Map<string, Store>, name: string, create: () => Store): Store {
  const store = known.get(name) ?? create();
  known.set(name, store);
  return store;
}
