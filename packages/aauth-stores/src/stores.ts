import type { ClaimStore, RecordStore } from "aauth";

/** The bound of a store. */
export interface StoreBounds {
  /** Most entries of all owners together. Default 200000 claims, 50000 records. */
  readonly maxEntries?: number | undefined;
}

/**
 * Claim stores and record stores in one database. A name is the same store in every process. Each
 * store has its own keys, owners and bound; all processes must pass the same bound.
 */
export interface Stores extends ClaimStores {
  /** @throws RangeError for a bound below 1 */
  records<Value>(name: string, bounds?: StoreBounds): RecordStore<Value>;
}

/** Claim stores in one database. */
export interface ClaimStores {
  /** @throws RangeError for a bound below 1 */
  claims(name: string, bounds?: StoreBounds): ClaimStore;
  /** Ends the connections. The stores reject all calls afterwards. */
  close(): Promise<void>;
}

/** Longest time that a call may take. */
export interface Deadline {
  /** Milliseconds until `StoreUnavailableError`. Default 2000. */
  readonly deadlineMs?: number | undefined;
}

/** Default of {@link Deadline}. */
export const DEADLINE_MS = 2_000;
