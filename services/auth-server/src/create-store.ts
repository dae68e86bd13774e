import { createMemoryStore, type KeyValueStore } from "aauth";

/** Makes one bounded store for one kind of thing. */
export type CreateStore = <Value>() => KeyValueStore<Value>;

const MAX_ENTRIES = 10_000;

/** Stores in memory: everyone is signed out, and every refresh token void, when the process ends. */
export function memoryStores(now: () => number): CreateStore {
  return <Value>() => createMemoryStore<Value>({ maxEntries: MAX_ENTRIES, now });
}
