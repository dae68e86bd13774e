import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMemoryStore } from "../../src/store/memory-store.ts";

function storeWithClock(maxEntries: number) {
  const clock = { seconds: 1_000 };
  return { clock, store: createMemoryStore<string>({ maxEntries, now: () => clock.seconds }) };
}

describe("createMemoryStore", () => {
  test("gives back what was put, until its lifetime is over", () => {
    const { clock, store } = storeWithClock(10);
    store.put("a", "one", 60);
    clock.seconds += 59.9;
    expect(store.get("a")).toBe("one");
    clock.seconds = 1_060;
    expect(store.get("a")).toBeUndefined();
    expect(store.take("a")).toBeUndefined();
  });

  test("put drops the oldest when it is full", () => {
    const { store } = storeWithClock(2);
    for (const key of ["a", "b", "c"]) store.put(key, key, 60);
    expect([store.get("a"), store.get("b"), store.get("c")]).toEqual([undefined, "b", "c"]);
  });

  test("putIfAbsent never forgets a claim to make room for another", () => {
    const { clock, store } = storeWithClock(2);
    expect(store.putIfAbsent("a", "a", 60)).toBe(true);
    expect(store.putIfAbsent("b", "b", 30)).toBe(true);
    expect(store.putIfAbsent("c", "c", 60)).toBe(false);
    expect(store.putIfAbsent("a", "a", 60)).toBe(false);
    clock.seconds += 30;
    expect(store.putIfAbsent("c", "c", 60)).toBe(true);
    expect(store.putIfAbsent("a", "a", 60)).toBe(false);
  });

  test("forgets what has expired without being asked for it", () => {
    const { clock, store } = storeWithClock(1_000);
    for (let index = 0; index < 500; index++) store.put(`key ${index}`, "x", 1 + (index % 60));
    clock.seconds += 61;
    store.put("last", "x", 60);
    expect(store.size).toBe(1);
  });

  test("behaves like a map with lifetimes, and never holds more than its bound", () => {
    const operation = fc.record({
      verb: fc.constantFrom("get", "put", "putIfAbsent", "take", "delete", "wait"),
      key: fc.constantFrom("a", "b", "c", "d", "__proto__"),
      seconds: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const { clock, store } = storeWithClock(5);
        const model = new Map<string, { value: string; expiresAt: number }>();
        const live = (key: string) => {
          const entry = model.get(key);
          return entry && clock.seconds < entry.expiresAt ? entry.value : undefined;
        };
        for (const [index, { verb, key, seconds }] of operations.entries()) {
          const entry = { value: String(index), expiresAt: clock.seconds + seconds };
          if (verb === "wait") clock.seconds += seconds / 2;
          if (verb === "get") expect(store.get(key)).toBe(live(key));
          if (verb === "put") {
            store.put(key, entry.value, seconds);
            model.set(key, entry);
          }
          if (verb === "putIfAbsent") {
            const absent = live(key) === undefined;
            expect(store.putIfAbsent(key, entry.value, seconds)).toBe(absent);
            if (absent) model.set(key, entry);
          }
          if (verb === "take") {
            expect(store.take(key)).toBe(live(key));
            model.delete(key);
          }
          if (verb === "delete") {
            store.delete(key);
            model.delete(key);
          }
          expect(store.size).toBeLessThanOrEqual(5);
        }
      }),
    );
  });
});
