import { createMemoryStore, type KeyValueStore } from "aauth";
import { expect, test } from "vitest";
import { createSecrets } from "../src/secrets.ts";

test("a secret is 256 random bits, found until it is taken, and taken once", async () => {
  const secrets = createSecrets(createMemoryStore<string>());
  const secret = await secrets.issue("value", 60);
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(await secrets.issue("value", 60)).not.toBe(secret);
  expect(await secrets.find(secret)).toBe("value");
  expect(await secrets.take(secret)).toBe("value");
  expect(await secrets.take(secret)).toBeUndefined();
  expect(await secrets.find(secret)).toBeUndefined();
});

test("the store never sees a secret", async () => {
  const keys: string[] = [];
  const memory = createMemoryStore<string>();
  const seen = (key: string) => {
    keys.push(key);
    return key;
  };
  const store: KeyValueStore<string> = {
    get: (key) => memory.get(seen(key)),
    put: (key, value, ttlSeconds) => memory.put(seen(key), value, ttlSeconds),
    putIfAbsent: (key, value, ttlSeconds) => memory.putIfAbsent(seen(key), value, ttlSeconds),
    take: (key) => memory.take(seen(key)),
    delete: (key) => memory.delete(seen(key)),
  };
  const secrets = createSecrets(store);
  const secret = await secrets.issue("value", 60);
  await secrets.find(secret);
  await secrets.take(secret);
  expect(keys).toHaveLength(3);
  expect(keys).not.toContain(secret);
});
