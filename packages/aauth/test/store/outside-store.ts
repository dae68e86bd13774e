import {
  createMemoryRecordStore,
  type MemoryRecordStoreOptions,
  type RecordStore,
} from "../../src/store/record-store.ts";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/**
 * A store outside of the process: each operation takes a while, and values are written as JSON.
 *
 * @param turn lets other work run before an operation. Default: timers and I/O, too
 */
export function outsideStore<Value>(
  options: MemoryRecordStoreOptions = {},
  turn = nextTurn,
): RecordStore<Value> {
  const store = createMemoryRecordStore<string>(options);
  const later = async <T>(run: () => T | Promise<T>): Promise<T> => {
    await turn();
    return run();
  };
  return {
    get: (key) => later(async () => read<Value>(await store.get(key))),
    put: (key, value, terms) => later(() => store.put(key, written(value), terms)),
    putIfAbsent: (key, value, terms) => later(() => store.putIfAbsent(key, written(value), terms)),
    take: (key) => later(async () => read<Value>(await store.take(key))),
    delete: (key) => later(() => store.delete(key)),
    update: (key, change) =>
      later(async () =>
        read<Value>(
          await store.update(key, (kept) => {
            const changed = change(read<Value>(kept));
            return changed && { ...changed, value: written(changed.value) };
          }),
        ),
      ),
    list: (owner) => later(async () => (await store.list(owner)).map((text) => JSON.parse(text) as Value)),
  };
}

const read = <Value>(text: string | undefined) =>
  text === undefined ? undefined : (JSON.parse(text) as Value);

function written(value: unknown): string {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError("not plain JSON");
  return text;
}

/** Stores whose every record store is this one. */
export const inStores = <Kept>(store: RecordStore<Kept>) => ({
  records: <Value>() => store as RecordStore<unknown> as RecordStore<Value>,
});
