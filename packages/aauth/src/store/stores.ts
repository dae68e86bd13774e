import { type ClaimStore, createMemoryClaimStore } from "./claim-store.ts";
import { requireProcessStart } from "./process-start.ts";
import { createMemoryRecordStore, type RecordStore } from "./record-store.ts";

/** The bound of a store. */
export interface StoreBounds {
  /** Most entries of all owners together. Default 200000 claims, 50000 records. */
  readonly maxEntries?: number | undefined;
}

/**
 * Stores of what outlives a request, by name: a name is the same store at each call, and in every
 * process that shares the database. Each store has its own keys, owners and bound.
 *
 * A party that is created with them names its stores by role and identity:
 * `replay https://reports.example`. Two programs that verify the same request, such as a gateway
 * and the resource behind it, need stores apart: the second would find the signature used.
 */
export interface Stores {
  /**
   * Unix seconds: what was written before is not there. A token that was issued before may have
   * been revoked since, and is refused. Default: nothing is missing.
   */
  readonly knownSince?: number | undefined;
  /** @throws RangeError for a bound below 1 */
  claims(name: string, bounds?: StoreBounds): ClaimStore;
  /** @throws RangeError for a bound below 1 */
  records<Value>(name: string, bounds?: StoreBounds): RecordStore<Value>;
}

/**
 * Creates {@link Stores} in memory: for one process, lost when it ends.
 *
 * @param options.now Unix seconds. Default: the system clock
 * @throws TypeError on a runtime that does not say when its process began, such as Workers: the
 * memory of an isolate is not there in the next
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
