import { StoreFullError } from "../store/quota-store.ts";
import type { RecordStore } from "../store/record-store.ts";
import { equal, MANY, rejects, type StoreTest, type TestStore, withStore } from "./store-test.ts";

/**
 * Tests that every implementation of `RecordStore` must pass. Values are plain JSON.
 *
 * @example
 * for (const { title, run } of recordStoreContract) {
 *   test(title, () => run(onTestClock(createMemoryRecordStore)));
 * }
 */
export const recordStoreContract: readonly StoreTest<RecordStore<unknown>>[] = [
  {
    title: "keeps a value under its key until its lifetime ends",
    run: recording(async ({ store, advance }) => {
      await store.put("a", { n: 1 }, terms("alice", 10));
      equal(await store.get("a"), { n: 1 });
      equal(await store.get("b"), undefined);
      await advance(9);
      equal(await store.get("a"), { n: 1 });
      await advance(1);
      equal(await store.get("a"), undefined);
      equal(await store.list("alice"), []);
      equal(await store.putIfAbsent("a", { n: 2 }, terms("alice")), true);
      await rejects(() => store.put("a", 1, terms("alice", 0)), RangeError);
    }),
  },
  {
    title: "puts over what is there, and gives it a new lifetime",
    run: recording(async ({ store, advance }) => {
      await store.put("a", 1, terms("alice", 10));
      await store.put("a", 2, terms("alice", 20));
      await advance(15);
      equal(await store.get("a"), 2);
      await store.delete("a");
      await store.delete("a");
      equal(await store.get("a"), undefined);
    }),
  },
  {
    title: "lets one of many callers put what is absent, and one take it",
    run: recording(async ({ store }) => {
      const callers = Array.from({ length: MANY }, (_, index) => index);
      const puts = await Promise.all(
        callers.map(async (index) => store.putIfAbsent("a", index, terms("alice"))),
      );
      equal(puts.filter(Boolean).length, 1);
      equal(await store.get("a"), puts.indexOf(true));
      const taken = await Promise.all(callers.map(async () => store.take("a")));
      equal(taken.filter((value) => value !== undefined).length, 1);
      equal(await store.take("a"), undefined);
    }),
  },
  {
    title: "loses no update of many at once",
    run: recording(async ({ store }) => {
      const add = async () =>
        store.update("a", (value) => ({ value: Number(value ?? 0) + 1, ...terms("alice") }));
      await Promise.all(Array.from({ length: MANY }, add));
      equal(await store.get("a"), MANY);
    }),
  },
  {
    title: "leaves an entry as it is where an update wants no change, or throws",
    run: recording(async ({ store }) => {
      equal(await store.update("a", () => undefined), undefined);
      equal(await store.get("a"), undefined);
      await store.put("a", 1, terms("alice"));
      equal(await store.update("a", () => undefined), 1);
      await rejects(
        () =>
          store.update("a", () => {
            throw new SyntaxError("no");
          }),
        SyntaxError,
      );
      equal(await store.get("a"), 1);
      equal(await store.update("a", (value) => ({ value: Number(value) + 1, ...terms("alice") })), 2);
    }),
  },
  {
    title: "lists the values of one owner, oldest write first",
    run: recording(async ({ store }) => {
      await store.put("a", 1, terms("alice"));
      await store.put("b", 2, terms("bob"));
      await store.put("c", 3, terms("alice"));
      equal(await store.list("alice"), [1, 3]);
      await store.put("a", 4, terms("alice"));
      equal(await store.list("alice"), [3, 4]);
      await store.delete("c");
      equal(await store.list("alice"), [4]);
      equal(await store.list("carol"), []);
    }),
  },
  {
    title: "drops no entry for another: an owner without room is refused, others are not",
    run: recording(async ({ store, advance }) => {
      await store.put("honest", "before", terms("bob", 1_000));
      const held = await fill(store, "mallory");
      equal(await store.get("honest"), "before");
      for (const key of held) equal(await store.get(key), key);
      await rejects(() => store.put("more", 1, terms("mallory")), StoreFullError);
      await rejects(() => store.putIfAbsent("more", 1, terms("mallory")), StoreFullError);
      await rejects(() => store.update("more", () => ({ value: 1, ...terms("mallory") })), StoreFullError);
      equal(await store.putIfAbsent(String(held[0]), 1, terms("mallory")), false);
      // Replacing an entry needs no further room.
      await store.put(String(held[0]), "changed", terms("mallory"));
      equal(await store.get(String(held[0])), "changed");
      await store.put("late", "carol", terms("carol"));
      await store.put("honest", "after", terms("bob"));
      equal(await store.get("honest"), "after");
      await advance(101);
      await store.put("more", 1, terms("mallory"));
    }),
  },
  {
    title: "leaves later owners room, however many have taken theirs",
    run: recording(async ({ store }) => {
      for (let owner = 0; owner < 3; owner++) await fill(store, `mallory${owner}`);
      await store.put("late", 1, terms("alice"));
      equal(await store.get("late"), 1);
    }),
  },
];

const terms = (owner: string, ttlSeconds = 100) => ({ owner, ttlSeconds });

function recording(test: (opened: TestStore<RecordStore<unknown>>) => Promise<void>) {
  return withStore(200, test);
}

/** Stores entries of an owner until it is refused, and returns their keys. */
async function fill(store: RecordStore<unknown>, owner: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for (let index = 0; index < 1_000; index++) {
    const key = `${owner} ${index}`;
    try {
      await store.put(key, key, terms(owner));
    } catch (error) {
      if (error instanceof StoreFullError) return keys;
      throw error;
    }
    keys.push(key);
  }
  throw new Error("expected a full store to refuse its owner");
}
