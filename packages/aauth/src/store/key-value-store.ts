import type { Awaitable } from "../crypto/interface.ts";

/**
 * Where this package and the services keep what outlives a request: codes, consents, grants, spent nonces. Everything
 * has a lifetime. Memory comes with the package; SQLite, Valkey or Postgres fit behind the same five verbs, of which
 * `putIfAbsent` and `take` have to be atomic.
 *
 * Values are treated as immutable: a store may hand out the same object twice, or a copy.
 */
export interface KeyValueStore<Value> {
  /** The value, or undefined when there is none or its lifetime is over. */
  get(key: string): Awaitable<Value | undefined>;
  /** Stores a value for `ttlSeconds`, over the one before. */
  put(key: string, value: Value, ttlSeconds: number): Awaitable<void>;
  /** Stores a value for `ttlSeconds` unless there is one; true when it was stored. Atomic. */
  putIfAbsent(key: string, value: Value, ttlSeconds: number): Awaitable<boolean>;
  /** Reads and removes: of two callers one gets the value. Atomic. */
  take(key: string): Awaitable<Value | undefined>;
  /** Removes a value, if there is one. */
  delete(key: string): Awaitable<void>;
}
