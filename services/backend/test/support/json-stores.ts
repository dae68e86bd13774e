import { createMemoryStores, type RecordStore, type Stores } from "aauth";

/** Stores like those outside the process: values are serialized in between. */
export function createJsonStores(options: { now: () => number }): Stores {
  const stores = createMemoryStores(options);
  return {
    claims: stores.claims,
    records<Value>(name: string, bounds?: { maxEntries?: number | undefined }): RecordStore<Value> {
      const records = stores.records<string>(name, bounds);
      const read = (text: string | undefined): Value | undefined =>
        text === undefined ? undefined : JSON.parse(text);
      return {
        get: async (key) => read(await records.get(key)),
        put: async (key, value, terms) => records.put(key, JSON.stringify(value), terms),
        putIfAbsent: async (key, value, terms) => records.putIfAbsent(key, JSON.stringify(value), terms),
        take: async (key) => read(await records.take(key)),
        delete: async (key) => records.delete(key),
        update: async (key, change) =>
          read(
            await records.update(key, (text) => {
              const changed = change(read(text));
              return changed && { ...changed, value: JSON.stringify(changed.value) };
            }),
          ),
        list: async (owner) => (await records.list(owner)).map((text) => JSON.parse(text)),
      };
    },
  };
}
