import fc from "fast-check";
import { expect, test } from "vitest";
import { QuotaStore, StoreFullError } from "../../src/store/quota-store.ts";

function storeOf(options: { maxEntries?: number; maxPerOwner?: number } = {}) {
  const clock = { seconds: 1_000 };
  const dropped: string[] = [];
  const store = new QuotaStore<string>({
    // Limits that a test does not reach.
    maxEntries: 1_000,
    now: () => clock.seconds,
    onDrop: (value) => dropped.push(value),
    ...options,
  });
  /** Every value is its key. */
  const put = (owner: string, key: string, ttlSeconds = 60) => store.put(owner, key, key, ttlSeconds);
  return { clock, store, put, dropped };
}

test("X10: evicts an owner's oldest entry when it has too many, and no other owner's", () => {
  const { store, put, dropped } = storeOf({ maxPerOwner: 2 });
  expect(put("a", "a1")).toEqual([]);
  expect(put("b", "b1")).toEqual([]);
  expect(put("a", "a2")).toEqual([]);
  expect(put("a", "a3")).toEqual(["a1"]);
  expect(put("b", "b2")).toEqual([]);
  expect(["a1", "a2", "a3", "b1", "b2"].map((key) => store.has(key))).toEqual([
    false,
    true,
    true,
    true,
    true,
  ]);
  expect([store.list("a"), store.list("b"), store.list("c")]).toEqual([["a2", "a3"], ["b1", "b2"], []]);
  expect(dropped).toEqual(["a1"]);
});

test("charges a re-stored entry once, to its new owner, as its newest", () => {
  const { put } = storeOf({ maxPerOwner: 2 });
  put("a", "x");
  put("a", "a1");
  expect(put("a", "x")).toEqual([]);
  expect(put("a", "a2")).toEqual(["a1"]);
  expect(put("b", "x")).toEqual([]);
  expect(put("a", "a3")).toEqual([]);
});

test("charges each entry exactly until it expires", () => {
  const { clock, store, put, dropped } = storeOf({ maxPerOwner: 1 });
  put("a", "a1", 60);
  clock.seconds += 59;
  expect(put("a", "a2", 1)).toEqual(["a1"]);
  expect(put("b", "b1", 5)).toEqual([]);
  clock.seconds += 1;
  expect([store.get("a2"), store.get("b1")]).toEqual([undefined, "b1"]);
  expect(put("a", "a3", 5)).toEqual([]);
  expect(put("b", "b2", 5)).toEqual(["b1"]);
  expect(dropped).toEqual(["a1", "a2", "b1"]);
});

test("limits an owner so that all owners fit into the free room, and to at most a tenth", () => {
  const { put } = storeOf({ maxEntries: 100 });
  const held = new Map<string, number>();
  for (let index = 0; index < 200; index++) {
    const owner = `flood-${Math.floor(index / 10)}`;
    if (put(owner, `${index}`).length === 0) held.set(owner, (held.get(owner) ?? 0) + 1);
  }
  const quotas = [...held.values()];
  expect(quotas.slice(0, 4)).toEqual([10, 10, 10, 10]);
  expect(Math.min(...quotas)).toBe(1);
  // Twenty owners at their quota still leave room for the next owner.
  expect(quotas.reduce((sum, quota) => sum + quota)).toBeLessThan(100);
  expect(put("patient", "p")).toEqual([]);
});

test("an owner without room is refused, and nothing is lost or stored", () => {
  const { clock, store, put } = storeOf({ maxEntries: 3 });
  for (const owner of ["a", "b", "c"]) expect(put(owner, owner)).toEqual([]);
  expect(store.hasRoom("d")).toBe(false);
  expect(() => put("d", "d")).toThrow(StoreFullError);
  expect(() => put("d", "d")).toThrow(expect.objectContaining({ code: "store_full" }));
  expect(["a", "b", "c", "d"].map((key) => store.has(key))).toEqual([true, true, true, false]);
  // An owner with an entry replaces it by a new one.
  expect(put("a", "a2")).toEqual(["a"]);
  clock.seconds += 60;
  expect(put("d", "d")).toEqual([]);
});

test("whatever one owner does, entries of others stay until they expire", () => {
  const operation = fc.record({
    owner: fc.constantFrom("a", "b", "c", "d", "__proto__"),
    verb: fc.constantFrom("put", "put", "put", "take", "delete", "wait"),
    name: fc.constantFrom("1", "2", "3"),
    seconds: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
      const { clock, store, put } = storeOf({ maxEntries: 4, maxPerOwner: 3 });
      const model = new Map<string, { owner: string; expiresAt: number }>();
      for (const { owner, verb, name, seconds } of operations) {
        const key = `${owner} ${name}`;
        if (verb === "wait") clock.seconds += seconds / 2;
        for (const [held, { expiresAt }] of model) if (clock.seconds >= expiresAt) model.delete(held);
        if (verb === "take") expect(store.take(key)).toBe(model.has(key) ? key : undefined);
        if (verb === "delete") store.delete(key);
        if (verb === "take" || verb === "delete") model.delete(key);
        if (verb === "put") {
          try {
            for (const gone of put(owner, key, seconds)) {
              expect(model.get(gone)?.owner ?? owner).toBe(owner);
              model.delete(gone);
            }
            model.set(key, { owner, expiresAt: clock.seconds + seconds });
          } catch (error) {
            expect(error).toBeInstanceOf(StoreFullError);
            expect([...model.values()].some((entry) => entry.owner === owner)).toBe(false);
          }
        }
        for (const held of model.keys()) expect(store.get(held)).toBe(held);
        const held = [...model].filter(([, entry]) => entry.owner === owner).map(([key]) => key);
        expect(store.list(owner).sort()).toEqual(held.sort());
        expect(store.size).toBeLessThanOrEqual(4);
      }
    }),
  );
});

test("has room for an entry, of each owner", () => {
  for (const bounds of [{ maxEntries: 0 }, { maxEntries: 10, maxPerOwner: 0 }, { maxEntries: Number.NaN }])
    expect(() => new QuotaStore({ ...bounds, now: () => 0 })).toThrow(RangeError);
});
