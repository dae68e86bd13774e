import type { RecordStore, RecordTerms } from "../store/record-store.ts";

/**
 * Kinds that are kept apart, so that none displaces another: `pending` requests, `revocations` that
 * were received, `tokens` that were issued, and `people`, who has which agent and what they have
 * agreed to.
 */
export type StoreName = "pending" | "revocations" | "tokens" | "people";

/** A key of several parts, none of which can pass for another. Owners are such keys, too. */
export const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);

export type Table<Value> = ReturnType<typeof tableOf<Value>>;

/** One of the tables in a store: its keys begin with its name. */
export function tableOf<Value>(store: RecordStore<unknown>, name: string) {
  const values = store as RecordStore<Value>;
  return {
    get: (id: readonly string[]) => values.get(keyOf(name, ...id)),
    put: (id: readonly string[], value: Value, terms: RecordTerms) =>
      values.put(keyOf(name, ...id), value, terms),
    update: (id: readonly string[], change: Parameters<typeof values.update>[1]) =>
      values.update(keyOf(name, ...id), change),
    delete: (id: readonly string[]) => values.delete(keyOf(name, ...id)),
  };
}
