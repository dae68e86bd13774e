import { createMemoryStore, type KeyValueStore } from "aauth";

/** Makes bounded stores, each for one kind of thing. */
export interface CreateStore {
  /** @param maxEntries entries that it holds, where they are to be fewer than usual */
  <Value>(maxEntries?: number): KeyValueStore<Value>;
  /** Entries that a store usually holds: what is to be shared out. */
  readonly maxEntries: number;
}

const MAX_ENTRIES = 10_000;

/** Stores in memory: everyone is signed out, and every refresh token void, when the process ends. */
export function memoryStores(now: () => number, maxEntries = MAX_ENTRIES): CreateStore {
  const create = <Value>(fewer = maxEntries) =>
    createMemoryStore<Value>({ maxEntries: Math.min(fewer, maxEntries), now });
  return Object.assign(create, { maxEntries });
}
