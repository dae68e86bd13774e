import { createTestClock } from "aauth/testing";
import { expect, test } from "vitest";
import { memoryStores } from "../src/create-store.ts";
import { createSecrets } from "../src/secrets.ts";
import { createSharedStore } from "../src/shared-store.ts";

/** Values are `<owner>:<anything>`. */
function sharedStore(maxEntries: number) {
  const clock = createTestClock();
  const store = createSharedStore<string>(memoryStores(clock.now, maxEntries), {
    ownerOf: (value) => value.split(":")[0] as string,
    now: clock.now,
  });
  return { clock, store };
}

test("an owner's things that are too many are gone, also when they are stored at the same time", async () => {
  const { store } = sharedStore(30);
  const secrets = createSecrets(store);
  const other = await secrets.issue("b:1", 60);
  const own = await Promise.all([1, 2, 3, 4, 5].map((number) => secrets.issue(`a:${number}`, 60)));
  const left = await Promise.all(own.map((secret) => secrets.find(secret)));
  expect(left).toEqual([undefined, undefined, "a:3", "a:4", "a:5"]);
  expect(await secrets.take(other)).toBe("b:1");
});

test("what has been taken or deleted makes room", async () => {
  const { store } = sharedStore(20);
  await store.put("1", "a:1", 60);
  await store.put("2", "a:2", 60);
  await store.take("2");
  await store.put("3", "a:3", 60);
  await store.delete("3");
  await store.put("4", "a:4", 60);
  expect(await store.get("1")).toBe("a:1");
});

test("what nobody can lose its place for is refused as busy, and pushes nothing out", async () => {
  const { store } = sharedStore(3);
  for (const owner of ["a", "b", "c"]) await store.put(owner, `${owner}:1`, 60);
  await expect(store.put("d", "d:1", 60)).rejects.toMatchObject({
    status: 503,
    code: "temporarily_unavailable",
  });
  expect(await Promise.all(["a", "b", "c"].map(store.get))).toEqual(["a:1", "b:1", "c:1"]);
});

test("a replaced value lives as long as the one before would have", async () => {
  const { store, clock } = sharedStore(20);
  await store.put("k", "a:1", 60);
  clock.advance(40);
  expect(await store.replace("k", (value) => `${value}+`)).toBe("a:1");
  expect(await store.get("k")).toBe("a:1+");
  clock.advance(19);
  expect(await store.get("k")).toBe("a:1+");
  clock.advance(1);
  expect(await store.get("k")).toBeUndefined();
  expect(await store.replace("k", (value) => value)).toBeUndefined();
});

test("what expires while it is being replaced has been there, and is gone", async () => {
  const { store, clock } = sharedStore(20);
  await store.put("k", "a:1", 60);
  clock.advance(59);
  const replaced = store.replace("k", (value) => value);
  clock.advance(1);
  expect(await replaced).toBe("a:1");
  expect(await store.get("k")).toBeUndefined();
});

test("of several that replace at the same time one gets the value of before", async () => {
  const { store } = sharedStore(20);
  await store.put("k", "a:1", 60);
  const seen = await Promise.all([1, 2, 3].map(() => store.replace("k", () => "a:used")));
  expect(seen.filter((value) => value === "a:1")).toHaveLength(1);
  expect(await store.get("k")).toBe("a:used");
});

test("what is deleted, or has to go, while it is being replaced does not come back", async () => {
  const { store } = sharedStore(10);
  await store.put("k", "a:1", 60);
  await Promise.all([store.replace("k", (value) => value), store.delete("k")]);
  expect(await store.get("k")).toBeUndefined();
  await store.put("k", "a:1", 60);
  await Promise.all([store.replace("k", (value) => value), store.put("l", "a:2", 60)]);
  expect(await store.get("k")).toBeUndefined();
  expect(await store.get("l")).toBe("a:2");
});
