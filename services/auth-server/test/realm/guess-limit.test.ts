/** No password is guessed by trying, however it is tried. */
import { createTestClock } from "aauth/testing";
import { expect, test } from "vitest";
import { memoryStores } from "../../src/create-store.ts";
import type { BruteForceSettings } from "../../src/realm/brute-force.ts";
import type { GuessLimit } from "../../src/realm/guess-limit.ts";
import { bruteForce, guessLimitOf, sharedSlowStores } from "../support/guess-limit.ts";

const ID = "00000000-0000-4000-8000-000000000001";
const OTHER = "00000000-0000-4000-8000-000000000002";

function realm(settings: Partial<BruteForceSettings> = {}, ids = [ID, OTHER]) {
  const numbers = { failureFactor: 3, waitIncrementSeconds: 60, quickLoginCheckMilliSeconds: 0 };
  const users = ids.map((id) => ({ id })) as never;
  return { ...bruteForce({ ...numbers, ...settings }), users };
}

const wrong = (limit: GuessLimit, id: string | undefined = ID) => limit.attempt("name", id, () => false);
const right = (limit: GuessLimit, id = ID) => limit.attempt("name", id, () => true);

async function lock(limit: GuessLimit, id = ID): Promise<void> {
  for (let guess = 0; guess < 3; guess++) await wrong(limit, id);
}

test("after so many failures the right password is no better than a wrong one, until the wait is over", async () => {
  const { limit, clock } = guessLimitOf(realm());
  await lock(limit);
  expect(await right(limit)).toBe(false);
  expect(await right(limit, OTHER)).toBe(true);
  clock.advance(59);
  expect(await right(limit)).toBe(false);
  clock.advance(1);
  expect(await right(limit)).toBe(true);
});

test("tries while it is locked neither count nor lengthen the wait", async () => {
  const { limit, clock } = guessLimitOf(realm());
  await lock(limit);
  for (let guess = 0; guess < 30; guess++) await wrong(limit);
  clock.advance(60);
  expect(await right(limit)).toBe(true);
});

test("the right password forgets the failures before it", async () => {
  const { limit } = guessLimitOf(realm());
  for (let round = 0; round < 5; round++) {
    await wrong(limit);
    await wrong(limit);
    expect(await right(limit)).toBe(true);
  }
});

test("after a wait one more failure is enough", async () => {
  const { limit, clock } = guessLimitOf(realm());
  await lock(limit);
  clock.advance(60);
  await wrong(limit);
  expect(await right(limit)).toBe(false);
});

test("of 200 guesses at once no more are judged than of as many in a row, by one instance or by two", async () => {
  for (const instances of [1, 2]) {
    const clock = createTestClock();
    const stores = sharedSlowStores(memoryStores(clock.now));
    const limits = Array.from({ length: instances }, () => {
      return guessLimitOf(realm({ failureFactor: 20 }), { clock, createStore: stores() }).limit;
    });
    let guess = 0;
    const tries = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) =>
        (limits[index % instances] as GuessLimit).attempt("name", ID, () => {
          guess++;
          // The 21st guess that is made would be right.
          return guess > 20;
        }),
      ),
    );
    const opened = tries.filter((one) => one.status === "fulfilled" && one.value);
    expect(opened).toEqual([]);
    for (const one of tries) if (one.status === "rejected") expect(one.reason).toMatchObject({ status: 503 });
  }
});

test("whoever waits behind a hundred others is told to come back, and there is nothing left of it", async () => {
  const clock = createTestClock();
  const { limit } = guessLimitOf(realm({ failureFactor: 1000 }), {
    clock,
    createStore: sharedSlowStores(memoryStores(clock.now))(),
  });
  for (const id of [ID, undefined]) {
    const tries = await Promise.allSettled(Array.from({ length: 130 }, () => wrong(limit, id)));
    const refused = tries.filter((one) => one.status === "rejected");
    expect(refused).toHaveLength(30);
    expect(refused[0]?.reason).toMatchObject({ status: 503, code: "temporarily_unavailable" });
  }
  expect(await right(limit)).toBe(true);
});

test("a lock counts in every instance, and outlasts the one that has set it", async () => {
  const clock = createTestClock();
  const stores = sharedSlowStores(memoryStores(clock.now));
  await lock(guessLimitOf(realm(), { clock, createStore: stores() }).limit);
  const { limit } = guessLimitOf(realm(), { clock, createStore: stores() });
  expect(await right(limit)).toBe(false);
  await limit.unlock(ID);
  expect(await right(limit)).toBe(true);
});

test("guesses at names that do not exist are not kept, and push out nothing", async () => {
  const clock = createTestClock();
  const { limit, lines } = guessLimitOf(realm(), { clock, createStore: memoryStores(clock.now, 2) });
  await lock(limit);
  await lock(limit, OTHER);
  for (let index = 0; index < 100; index++) {
    expect(await limit.attempt(`nobody-${index}`, undefined, () => true)).toBe(false);
  }
  expect([await right(limit), await right(limit, OTHER)]).toEqual([false, false]);
  expect(lines).toHaveLength(2);
});

test("each account has a place, also where one store has too few for all", async () => {
  const ids = Array.from({ length: 25 }, (_, index) => `account-${index}`);
  const clock = createTestClock();
  const createStore = memoryStores(clock.now, 10);
  const { limit } = guessLimitOf(realm({}, ids), { clock, createStore });
  for (const id of ids) await lock(limit, id);
  for (const id of ids) expect(await right(limit, id)).toBe(false);
});

test("a wait does not get longer by as much as a clock is set back", async () => {
  const { limit, clock } = guessLimitOf(realm());
  await lock(limit);
  clock.advance(-100_000);
  expect(await right(limit)).toBe(false);
  clock.advance(59);
  expect(await right(limit)).toBe(false);
  clock.advance(1);
  expect(await right(limit)).toBe(true);
});

test("each lock is in the log once", async () => {
  const { limit, clock, lines } = guessLimitOf(realm());
  const origin = { clientId: "ui", address: "192.0.2.7" };
  for (let guess = 0; guess < 9; guess++) await limit.attempt("name", ID, () => false, origin);
  const locked = { level: 40, userId: ID, failures: 3, lockedSeconds: 60, ...origin };
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([locked]);
  clock.advance(60);
  for (let guess = 0; guess < 9; guess++) await limit.attempt("name", ID, () => false, origin);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([locked, { ...locked, failures: 4 }]);
});

test("a lock for good ends only by an administrator", async () => {
  const { limit, clock } = guessLimitOf(realm({ permanentLockout: true }));
  expect(await limit.isLockedForGood(ID)).toBe(false);
  await lock(limit);
  clock.advance(10 * 365 * 86_400);
  expect([await right(limit), await limit.isLockedForGood(ID)]).toEqual([false, true]);
  await limit.unlock(ID);
  expect([await right(limit), await limit.isLockedForGood(ID)]).toEqual([true, false]);
});

test("a wait is none for good, also where one may come to be", async () => {
  const { limit, clock } = guessLimitOf(realm({ permanentLockout: true, maxTemporaryLockouts: 1 }));
  await lock(limit);
  expect([await right(limit), await limit.isLockedForGood(ID)]).toEqual([false, false]);
  clock.advance(60);
  await lock(limit);
  expect(await limit.isLockedForGood(ID)).toBe(true);
  const { limit: temporary } = guessLimitOf(realm());
  await lock(temporary);
  expect(await temporary.isLockedForGood(ID)).toBe(false);
});

/** How long an answer takes must not tell a locked account, or none, from another. */
test("the password is compared in any case, whoever it is for", async () => {
  const { limit } = guessLimitOf(realm());
  const compared: string[] = [];
  const attempt = (name: string, id?: string) =>
    limit.attempt(name, id, () => {
      compared.push(name);
      return true;
    });
  await lock(limit);
  expect(await attempt("locked", ID)).toBe(false);
  expect(await attempt("nobody")).toBe(false);
  expect(await attempt("other", OTHER)).toBe(true);
  expect(compared).toEqual(["locked", "nobody", "other"]);
});

test("a realm may switch it off", async () => {
  const { limit } = guessLimitOf(realm({ bruteForceProtected: false }));
  for (let guess = 0; guess < 50; guess++) await wrong(limit);
  expect(await right(limit)).toBe(true);
});

test("what cannot be counted is not judged", async () => {
  const clock = createTestClock();
  const stores = memoryStores(clock.now);
  const broken = Object.assign(
    <Value>() => ({
      ...(stores<Value>() as object),
      get: () => undefined,
      putIfAbsent: () => true,
      delete: () => undefined,
      put: () => Promise.reject(new Error("no store")),
    }),
    { maxEntries: 10 },
  );
  const { limit } = guessLimitOf(realm(), { clock, createStore: broken as never });
  let asked = 0;
  const attempt = limit.attempt("name", ID, () => {
    asked++;
    return true;
  });
  await expect(attempt).rejects.toThrow("no store");
  expect(asked).toBe(0);
});
