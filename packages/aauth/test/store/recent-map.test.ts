import { expect, test } from "vitest";
import { RecentMap } from "../../src/store/recent-map.ts";

test("keeps the most recently used entries, and never more than its bound", () => {
  const map = new RecentMap<number, number>(10);
  for (let key = 0; key < 1000; key++) {
    map.set(key, key);
    expect(map.get(0)).toBe(0);
  }
  const held = Array.from({ length: 1000 }, (_, index) => 999 - index).filter((key) => map.get(key) === key);
  expect(held.slice(0, 4)).toEqual([999, 998, 997, 996]);
  expect(held.length).toBeLessThanOrEqual(10);
});

test("weighs no more than its bound, and keeps used entries", () => {
  const map = new RecentMap<string, string>(1_000, { maxWeight: 100, weigh: (_key, value) => value.length });
  for (let key = 0; key < 1_000; key++) {
    map.set(`${key}`, "x".repeat(10));
    map.set("in use", "x");
    expect(map.get("in use")).toBe("x");
  }
  const held = Array.from({ length: 1_000 }, (_, key) => map.get(`${key}`) ?? "").join("");
  expect(held.length).toBeGreaterThan(20);
  expect(held.length).toBeLessThanOrEqual(100);
});

test("does not keep an entry that is too heavy, nor the one that it replaces", () => {
  const map = new RecentMap<string, string>(10, { maxWeight: 100, weigh: (_key, value) => value.length });
  map.set("a", "x");
  map.set("a", "x".repeat(51));
  map.set("b", "x".repeat(50));
  expect([map.get("a"), map.get("b")?.length]).toEqual([undefined, 50]);
});

test("has room for an entry in each generation", () => {
  for (const maxEntries of [1, Number.NaN]) expect(() => new RecentMap(maxEntries)).toThrow(RangeError);
});
