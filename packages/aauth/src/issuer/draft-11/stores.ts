import type { KeyValueStore } from "../../store/key-value-store.ts";
import { createMemoryStore } from "../../store/memory-store.ts";

/**
 * What is kept apart, so that what unknown callers can fill displaces nothing else: `pending` requests, `revocations`, `tokens` that were issued, and `people`,
 * who has which agent and what they have agreed to.
 */
export type StoreName = "pending" | "revocations" | "tokens" | "people";

/** Opens the store of one kind. Each is asked for once. Values are plain JSON. */
export type OpenStore = (name: StoreName) => KeyValueStore<unknown>;

/** In memory, for this process. */
export const memoryStores =
  (now: () => number): OpenStore =>
  () =>
    createMemoryStore<unknown>({ maxEntries: 50_000, now });

/** A key of several parts, none of which can pass for another. */
export const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);
