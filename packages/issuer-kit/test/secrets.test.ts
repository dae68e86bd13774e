import { createMemoryStores, StoreFullError, StoreUnavailableError } from "aauth";
import { createTestClock } from "aauth/testing";
import { expect, test } from "vitest";
import { OAuthError, oauthErrorOf } from "../src/oauth-error.ts";
import { createSecrets } from "../src/secrets.ts";

const storeOf = (maxEntries: number) =>
  createMemoryStores({ now: createTestClock().now }).records<string>("test", { maxEntries });

test("an owner with too many values is refused with 503, and no other owner loses a value", async () => {
  const secrets = createSecrets(storeOf(12), (value) => value.charAt(0));
  const other = await secrets.issue("b:1", 60);
  const own = await Promise.allSettled(
    Array.from({ length: 12 }, (_, index) => secrets.issue(`a:${index}`, 60)),
  );
  const refused = own.filter(({ status }) => status === "rejected");
  expect(refused.length).toBeGreaterThan(0);
  const [first] = refused as PromiseRejectedResult[];
  expect(oauthErrorOf(first?.reason)).toMatchObject({ status: 503, code: "temporarily_unavailable" });
  expect(await secrets.issue("c:1", 60)).toMatch(/^[\w-]{43}$/);
  expect(await secrets.take(other)).toBe("b:1");
});

test("a store that is full or down is 503, also as a cause; other errors are not OAuth errors", () => {
  for (const reason of [new StoreFullError(), new StoreUnavailableError("s")]) {
    for (const error of [reason, new Error("failed", { cause: reason })])
      expect(oauthErrorOf(error)).toMatchObject({ status: 503, code: "temporarily_unavailable" });
  }
  const own = new OAuthError(400, "invalid_request", "no");
  expect(oauthErrorOf(own)).toBe(own);
  expect([oauthErrorOf(new Error("no")), oauthErrorOf(undefined)]).toEqual([undefined, undefined]);
});

test("a secret is 256 random bits, found until it is taken, and taken once by two processes", async () => {
  const store = storeOf(30);
  const [secrets, other] = [createSecrets(store, () => "owner"), createSecrets(store, () => "owner")];
  const secret = await secrets.issue("value", 60);
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(await secrets.issue("value", 60)).not.toBe(secret);
  expect(await other.find(secret)).toBe("value");
  expect(await Promise.all([secrets.take(secret), other.take(secret)])).toEqual(["value", undefined]);
  expect(await secrets.find(secret)).toBeUndefined();
});

test("the store never sees a secret", async () => {
  const keys: string[] = [];
  const store = storeOf(30);
  const secrets = createSecrets(
    {
      ...store,
      get: (key) => {
        keys.push(key);
        return store.get(key);
      },
      put: (key, value, terms) => {
        keys.push(key);
        return store.put(key, value, terms);
      },
      take: (key) => {
        keys.push(key);
        return store.take(key);
      },
    },
    () => "owner",
  );
  const secret = await secrets.issue("value", 60);
  await secrets.find(secret);
  await secrets.take(secret);
  expect([keys.length, new Set(keys).size]).toEqual([3, 1]);
  expect(keys).not.toContain(secret);
});
