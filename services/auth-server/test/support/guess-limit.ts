import { setImmediate as nextTurn } from "node:timers/promises";
import type { KeyValueStore } from "aauth";
import { createTestClock, type TestClock } from "aauth/testing";
import { type CreateStore, memoryStores } from "../../src/create-store.ts";
import type { BruteForceSettings } from "../../src/realm/brute-force.ts";
import { createGuessLimit, type GuessLimit } from "../../src/realm/guess-limit.ts";
import { parseRealm, type Realm } from "../../src/realm/realm.ts";
import { recordingLogger } from "./auth-server.ts";

/** Keycloak's numbers, except for what is given. */
export function bruteForce(settings: Partial<BruteForceSettings> = {}): BruteForceSettings {
  return parseRealm(JSON.stringify({ realm: "r", ...settings }));
}

/** The limit of a realm, on a clock of its own. */
export function guessLimitOf(
  realm: Pick<Realm, "users"> & BruteForceSettings,
  options: { clock?: TestClock; createStore?: CreateStore } = {},
): { limit: GuessLimit; clock: TestClock; lines: string[] } {
  const { clock = createTestClock() } = options;
  const { createStore = memoryStores(clock.now) } = options;
  const { logger, lines } = recordingLogger();
  const limit = createGuessLimit({
    settings: realm,
    ids: realm.users.map(({ id }) => id),
    createStore,
    nowMs: () => clock.now() * 1000,
    logger,
  });
  return { limit, clock, lines };
}

/** Stores that another process could have, too: each instance that asks for its stores in the same order gets the same, and each answer takes time. */
export function sharedSlowStores(create: CreateStore): () => CreateStore {
  const stores: KeyValueStore<unknown>[] = [];
  return () => {
    let index = 0;
    const next = <Value>(): KeyValueStore<Value> => {
      const store = stores[index] ?? slow(create<unknown>());
      stores[index++] = store;
      return store as KeyValueStore<Value>;
    };
    return Object.assign(next, { maxEntries: create.maxEntries });
  };
}

function slow<Value>(store: KeyValueStore<Value>): KeyValueStore<Value> {
  const later = async <Result>(act: () => Result | Promise<Result>) => {
    await nextTurn();
    const result = await act();
    await nextTurn();
    return result;
  };
  return {
    get: (key) => later(() => store.get(key)),
    put: (key, value, ttlSeconds) => later(() => store.put(key, value, ttlSeconds)),
    putIfAbsent: (key, value, ttlSeconds) => later(() => store.putIfAbsent(key, value, ttlSeconds)),
    take: (key) => later(() => store.take(key)),
    delete: (key) => later(() => store.delete(key)),
  };
}

/**
 * Stores in memory in which nothing can be claimed before `open` is called: no password is judged before. `claimed` resolves
 * when the first claim waits for that.
 */
export function gatedStores(
  clock: TestClock,
  maxEntries?: number,
): { createStore: CreateStore; open: () => void; claimed: Promise<void> } {
  const create = memoryStores(clock.now, maxEntries);
  const gate = Promise.withResolvers<void>();
  const claim = Promise.withResolvers<void>();
  const gated = <Value>(fewer?: number): KeyValueStore<Value> => {
    const store = create<Value>(fewer);
    return {
      get: (key) => store.get(key),
      put: (key, value, ttlSeconds) => store.put(key, value, ttlSeconds),
      putIfAbsent: (key, value, ttlSeconds) => {
        claim.resolve();
        return gate.promise.then(() => store.putIfAbsent(key, value, ttlSeconds));
      },
      take: (key) => store.take(key),
      delete: (key) => store.delete(key),
    };
  };
  return {
    createStore: Object.assign(gated, { maxEntries: create.maxEntries }),
    open: gate.resolve,
    claimed: claim.promise,
  };
}
