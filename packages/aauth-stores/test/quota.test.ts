import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClaimQuota, createMemoryStores, StoreFullError } from "aauth";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OpenStores } from "../src/index.ts";
import { openSqliteStores } from "../src/sqlite/index.ts";

const owner = fc.constantFrom("a", "b", "c", "d");
const key = fc.integer({ min: 0, max: 40 }).map(String);
const maxEntries = fc.integer({ min: 1, max: 30 });

const clock = { seconds: 1_000 };
const now = () => clock.seconds;
let folder = "";
let stores: OpenStores;
let names = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sqlite-"));
  stores = openSqliteStores({ path: join(folder, "aauth.db"), now });
});
afterAll(async () => {
  await stores.close();
  await rm(folder, { recursive: true, force: true });
});

describe("quotas in SQLite", () => {
  test("V3: are those of claims in memory", async () => {
    const quota = fc.constantFrom<ClaimQuota>("shared", "own", "reserved");
    const claim = fc.record({ key, owner, quota, ttlSeconds: fc.integer({ min: 1, max: 9 }) });
    const steps = fc.array(fc.record({ claim, wait: fc.integer({ min: 0, max: 2 }) }), { maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(maxEntries, steps, async (bound, taken) => {
        const memory = createMemoryStores({ now }).claims("test", { maxEntries: bound });
        const claims = stores.claims(`${names++}`, { maxEntries: bound });
        for (const { claim, wait } of taken) {
          clock.seconds += wait;
          const { key: name, ...terms } = claim;
          expect(await claims.putIfAbsent(name, terms)).toBe(await memory.putIfAbsent(name, terms));
        }
      }),
      { numRuns: 40 },
    );
  });

  test("V3: are those of records in memory", async () => {
    const put = fc.record({ key, owner, isTake: fc.integer({ min: 0, max: 4 }).map((n) => n === 0) });
    await fc.assert(
      fc.asyncProperty(maxEntries, fc.array(put, { maxLength: 80 }), async (bound, puts) => {
        const memory = createMemoryStores().records<string>("test", { maxEntries: bound });
        const records = stores.records<string>(`${names++}`, { maxEntries: bound });
        for (const { key: name, owner: by, isTake } of puts) {
          const results = [memory, records].map(async (store) => {
            if (isTake) return store.take(name);
            try {
              return await store.put(name, by, { owner: by, ttlSeconds: 100 });
            } catch (error) {
              if (error instanceof StoreFullError) return "full";
              throw error;
            }
          });
          const [inMemory, inFile] = await Promise.all(results);
          expect(inFile).toBe(inMemory);
        }
        for (const by of ["a", "b", "c", "d"]) {
          expect(await records.list(by)).toEqual(await memory.list(by));
        }
      }),
      { numRuns: 40 },
    );
  });
});
