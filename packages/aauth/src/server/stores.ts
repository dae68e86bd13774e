import type { RecordStore, RecordTerms } from "../store/record-store.ts";

/**
 * Separate stores, so that none displaces another: `pending` requests, received `revocations`,
 * issued `tokens`, `people`, with the agents and consents of persons, `missions` and their `logs`.
 */
export type StoreName = "pending" | "revocations" | "tokens" | "people" | "missions" | "logs";

/** An unambiguous key of several parts. Owners are also such keys. */
export const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);

export type Table<Value> = ReturnType<typeof tableOf<Value>>;

/** A table in a store, whose keys begin with its name. */
export function tableOf<Value>(store: RecordStore<unknown>, name: string) {
  const values = store as RecordStore<Value>;
  return {
    get: (id: readonly string[]) => values.get(keyOf(name, ...id)),
    put: (id: readonly string[], value: Value, terms: RecordTerms) =>
      values.put(keyOf(name, ...id), value, terms),
    putIfAbsent: (id: readonly string[], value: Value, terms: RecordTerms) =>
      values.putIfAbsent(keyOf(name, ...id), value, terms),
    update: (id: readonly string[], change: Parameters<typeof values.update>[1]) =>
      values.update(keyOf(name, ...id), change),
    delete: (id: readonly string[]) => values.delete(keyOf(name, ...id)),
  };
}
