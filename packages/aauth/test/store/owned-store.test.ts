import { describe, expect, test } from "vitest";
import { createOwnedStore } from "../../src/store/owned-store.ts";
import { StoreFullError } from "../../src/store/quota-store.ts";
import { createTestClock } from "../../src/testing/test-clock.ts";

function kit(maxEntries = 4) {
  const clock = createTestClock();
  const store = createOwnedStore<{ owner: string }>({ maxEntries, maxPerOwner: 2, now: clock.now });
  return { clock, store };
}
const [alice, bob] = [{ owner: "alice" }, { owner: "bob" }];

describe("a store in memory with owners", () => {
  test("keeps, takes, deletes and forgets", async () => {
    const { clock, store } = kit();
    await store.put("a", alice, 10);
    expect([await store.get("a"), await store.take("a"), await store.get("a")]).toEqual([
      ...[alice, alice, undefined],
    ]);
    await store.put("a", alice, 10);
    await store.delete("a");
    expect(await store.get("a")).toBeUndefined();
    await store.put("a", alice, 10);
    clock.advance(10);
    expect(await store.get("a")).toBeUndefined();
  });

  test("lets an owner that has its share lose its own oldest entry, and no other owner's", async () => {
    const { store } = kit();
    await store.put("bob", bob, 10);
    for (const key of ["1", "2", "3"]) await store.put(key, alice, 10);
    const owners = ["1", "2", "3", "bob"].map(async (key) => (await store.get(key))?.owner);
    expect(await Promise.all(owners)).toEqual([undefined, undefined, "alice", "bob"]);
  });

  test("claims once, and nothing beyond the share: what was claimed stays", async () => {
    const { clock, store } = kit();
    const claims = [
      ["1", alice],
      ["1", bob],
      ["2", alice],
      ["3", alice],
    ] as const;
    const claimed = claims.map(([key, owner]) => store.putIfAbsent(key, owner, 10));
    expect(await Promise.all(claimed)).toEqual([true, false, true, false]);
    expect(await store.get("1")).toBe(alice);
    clock.advance(10);
    expect(await store.putIfAbsent("1", bob, 10)).toBe(true);
  });

  test("refuses an owner that it has no room for", async () => {
    const { store } = kit(1);
    await store.put("1", alice, 10);
    expect(() => store.put("2", bob, 10)).toThrow(StoreFullError);
  });
});
