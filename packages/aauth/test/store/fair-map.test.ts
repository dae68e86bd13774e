import { expect, it } from "vitest";
import { FairMap } from "../../src/store/fair-map.ts";

it("evicts from the owner with the most entries, oldest first", () => {
  const map = new FairMap<number>(10);
  map.set("a1", 1, "a", 1);
  for (let index = 1; index <= 12; index++) map.set(`b${index}`, index, "b", 1);
  expect(map.get("a1")).toBe(1);
  expect([map.get("b1"), map.get("b3"), map.get("b4"), map.get("b12")]).toEqual([
    undefined,
    undefined,
    4,
    12,
  ]);
  map.set("c1", 1, "c", 5);
  expect([map.get("a1"), map.get("c1"), map.get("b8"), map.get("b9")]).toEqual([1, 1, undefined, 9]);
});

it("evicts from the least recently used owner if all have equally many", () => {
  const map = new FairMap<number>(3);
  for (const owner of ["a", "b", "c"]) map.set(owner, 1, owner, 1);
  map.touch("a");
  map.set("d", 1, "d", 1);
  expect(["a", "b", "c", "d"].map((key) => map.get(key))).toEqual([1, undefined, 1, 1]);
});

it("replaces an entry with its weight, removes one, and rejects one heavier than the whole map", () => {
  const map = new FairMap<number>(4);
  map.set("a", 1, "a", 4);
  map.set("a", 2, "a", 1);
  map.set("b", 3, "b", 3);
  expect([map.get("a"), map.get("b"), map.ownerOf("b")]).toEqual([2, 3, "b"]);
  map.delete("b");
  map.set("b", 4, "b", 5);
  expect([map.get("a"), map.get("b")]).toEqual([2, undefined]);
});
