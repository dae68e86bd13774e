import { createTestClock } from "aauth/testing";
import { expect, test } from "vitest";
import { createSecrets } from "../src/secrets.ts";
import { memoryStores, type Store } from "../src/store.ts";

function storeOf(maxEntries: number) {
  return memoryStores(createTestClock().now, maxEntries)<string>();
}

test("an owner's values that are too many are gone, also when they are stored at the same time", async () => {
  const secrets = createSecrets(storeOf(30), (value) => value.charAt(0));
  const other = await secrets.issue("b:1", 60);
  const own = await Promise.all([1, 2, 3, 4, 5].map((number) => secrets.issue(`a:${number}`, 60)));
  const left = await Promise.all(own.map((secret) => secrets.find(secret)));
  expect(left).toEqual([undefined, undefined, "a:3", "a:4", "a:5"]);
  expect(await secrets.take(other)).toBe("b:1");
});

test("a full store refuses a new owner as busy, and drops nothing", async () => {
  const store = storeOf(3);
  for (const owner of ["a", "b", "c"]) await store.put(owner, owner, "1", 60);
  await expect(store.put("d", "d", "1", 60)).rejects.toMatchObject({
    status: 503,
    code: "temporarily_unavailable",
  });
  expect(await Promise.all(["a", "b", "c"].map(store.get))).toEqual(["1", "1", "1"]);
});

test("a secret is 256 random bits, found until it is taken, and taken once", async () => {
  const secrets = createSecrets(storeOf(30), () => "owner");
  const secret = await secrets.issue("value", 60);
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(await secrets.issue("value", 60)).not.toBe(secret);
  expect(await secrets.find(secret)).toBe("value");
  expect(await Promise.all([secrets.take(secret), secrets.take(secret)])).toEqual(["value", undefined]);
  expect(await secrets.find(secret)).toBeUndefined();
});

test("the store never sees a secret", async () => {
  const keys: string[] = [];
  const store: Store<string> = {
    get: async (key) => void keys.push(key),
    put: async (_owner, key) => void keys.push(key),
    take: async (key) => void keys.push(key),
    delete: async () => {},
  };
  const secrets = createSecrets(store, () => "owner");
  const secret = await secrets.issue("value", 60);
  await secrets.find(secret);
  await secrets.take(secret);
  expect(new Set(keys).size).toBe(1);
  expect(keys).not.toContain(secret);
});
