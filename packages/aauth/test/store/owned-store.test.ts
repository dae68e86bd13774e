import { describe, expect, test } from "vitest";
import { createOwnedStore } from "../../src/store/owned-store.ts";
import { StoreFullError } from "../../src/store/quota-store.ts";
import { createTestClock } from "../../src/testing/test-clock.ts";

function kit(maxEntries = 4) {
  const clock = createTestClock();
  const store = createOwnedStore<{ owner: string; text?: string }>({
    maxEntries,
    maxPerOwner: 2,
    now: clock.now,
  });
  return { clock, store };
}
const [alice, bob] = [{ owner: "alice" }, { owner: "bob" }];

describe("a store in memory with owners", () => {
  test("keeps, takes, deletes and forgets", () => {
    const { clock, store } = kit();
    store.put("a", alice, 10);
    expect([store.get("a"), store.take("a"), store.get("a")]).toEqual([alice, alice, undefined]);
    store.put("a", alice, 10);
    store.delete("a");
    expect(store.get("a")).toBeUndefined();
    store.put("a", alice, 10);
    clock.advance(10);
    expect(store.get("a")).toBeUndefined();
  });

  test("lets an owner that has its share lose its own oldest entry, and nobody else's", () => {
    const { store } = kit();
    store.put("bob", bob, 10);
    for (const key of ["1", "2", "3"]) store.put(key, alice, 10);
    expect(["1", "2", "3", "bob"].map((key) => store.get(key)?.owner)).toEqual([
      undefined,
      undefined,
      "alice",
      "bob",
    ]);
  });

  test("claims once, and nothing beyond the share: what was claimed stays", () => {
    const { clock, store } = kit();
    expect([store.putIfAbsent("1", alice, 10), store.putIfAbsent("1", bob, 10)]).toEqual([true, false]);
    expect([store.putIfAbsent("2", alice, 10), store.putIfAbsent("3", alice, 10)]).toEqual([true, false]);
    expect(store.get("1")).toBe(alice);
    clock.advance(10);
    expect(store.putIfAbsent("1", bob, 10)).toBe(true);
  });

  test("refuses an owner that it has no room for", () => {
    const { store } = kit(1);
    store.put("1", alice, 10);
    expect(() => store.put("2", bob, 10)).toThrow(StoreFullError);
  });
});
