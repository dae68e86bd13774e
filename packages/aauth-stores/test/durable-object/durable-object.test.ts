/** Stores in Durable Objects, over the SQLite of Node. tests/runtimes has them in workerd. */

import { DatabaseSync } from "node:sqlite";
import { type ClaimTerms, type RecordTerms, type Stores, StoreUnavailableError } from "aauth";
import { claimStoreContract, type OpenTestStore, recordStoreContract } from "aauth/testing";
import { describe, expect, test } from "vitest";
import {
  createDurableObjectStores,
  type ObjectNamespace,
  type ObjectStorage,
  StoreObject,
} from "../../src/durable-object/index.ts";
import { storedKey as storedKeyOfWorkers } from "../../src/durable-object/stored-key.ts";
import { StoreRecordError } from "../../src/errors.ts";
import { storedKey } from "../../src/stored-key.ts";

const CLAIM: ClaimTerms = { owner: "alice", quota: "own", ttlSeconds: 60 };
const RECORD: RecordTerms = { owner: "alice", ttlSeconds: 60 };

function storageOf(database: DatabaseSync): ObjectStorage {
  const rows = (sql: string, values: (string | number)[]) => {
    if (values.length > 0 || sql.startsWith("SELECT")) return database.prepare(sql).all(...values);
    database.exec(sql);
    return [];
  };
  return {
    sql: { exec: (sql, ...values) => listed(rows(sql, values)) },
    transactionSync(run) {
      database.exec("BEGIN");
      try {
        const result = run();
        database.exec("COMMIT");
        return result;
      } finally {
        if (database.isTransaction) database.exec("ROLLBACK");
      }
    },
  };
}

const listed = (rows: Readonly<Record<string, unknown>>[]) => ({ toArray: () => rows });

/** Objects on a clock, and their databases. */
function onClock() {
  const clock = { seconds: 1_800_000_000 };
  const databases = new Map<string, DatabaseSync>();
  const objects = new Map<string, StoreObject>();
  function start(name: string): StoreObject {
    const database = databases.get(name) ?? new DatabaseSync(":memory:");
    databases.set(name, database);
    const object = new StoreObject({ storage: storageOf(database) }, undefined, () => clock.seconds);
    objects.set(name, object);
    return object;
  }
  const namespace: ObjectNamespace = {
    idFromName: (name) => name,
    get: (id) => ({
      async fetch(url, init) {
        const object = objects.get(String(id)) ?? start(String(id));
        return object.fetch(new Request(url, init));
      },
    }),
  };
  return { clock, databases, namespace, end: () => objects.clear() };
}

const inObjects =
  <Store>(open: (stores: Stores, bounds: { maxEntries: number }) => Store): OpenTestStore<Store> =>
  (bounds) => {
    const { clock, namespace } = onClock();
    return {
      store: open(createDurableObjectStores(namespace, { deadlineMs: 20_000 }), bounds),
      advance(by) {
        clock.seconds += by;
      },
    };
  };

describe("a claim store of Durable Objects", () => {
  test.each(claimStoreContract)("$title", ({ run }) =>
    run(inObjects((stores, bounds) => stores.claims("nonces", bounds))),
  );
});

describe("a record store of Durable Objects", () => {
  test.each(recordStoreContract)("$title", ({ run }) =>
    run(inObjects((stores, bounds) => stores.records("grants", bounds))),
  );
});

describe("stores of Durable Objects", () => {
  test("V26: one of two isolates claims a key, and neither after a restart of the object", async () => {
    const { namespace, end } = onClock();
    const isolates = [createDurableObjectStores(namespace), createDurableObjectStores(namespace)];
    const claim = () =>
      Promise.all(isolates.map((stores) => stores.claims("nonces").putIfAbsent("n", CLAIM)));
    expect((await claim()).sort()).toEqual([false, true]);
    end();
    expect(await claim()).toEqual([false, false]);
  });

  test("V27: lose no update of two isolates", async () => {
    const { namespace } = onClock();
    const isolates = [createDurableObjectStores(namespace), createDurableObjectStores(namespace)];
    const add = (stores: Stores) =>
      stores.records<number>("grants").update("n", (n = 0) => ({ value: n + 1, ...RECORD }));
    expect((await Promise.all(isolates.map(add))).sort()).toEqual([1, 2]);
  });

  test("keep an entry whose lifetime is infinite, in a store without bound", async () => {
    const { namespace, clock } = onClock();
    const maxEntries = Number.POSITIVE_INFINITY;
    const records = createDurableObjectStores(namespace).records("grants", { maxEntries });
    await records.put("n", 1, { ...RECORD, ttlSeconds: Number.POSITIVE_INFINITY });
    clock.seconds *= 2;
    expect(await records.get("n")).toBe(1);
  });

  test("accept no claim again that a clock which was ahead has ended", async () => {
    const { namespace, clock } = onClock();
    const claims = createDurableObjectStores(namespace).claims("nonces");
    expect(await claims.putIfAbsent("n", CLAIM)).toBe(true);
    clock.seconds += 100;
    expect(await claims.putIfAbsent("other", CLAIM)).toBe(true);
    clock.seconds -= 100;
    await expect(claims.putIfAbsent("n", CLAIM)).rejects.toThrow(StoreUnavailableError);
  });

  test.each([
    ["throws", () => Promise.reject(new Error("Durable Object reset"))],
    ["answers with an error", async () => new Response("", { status: 503 })],
    ["answers with no JSON", async () => new Response("<html>")],
    [
      "does not answer",
      (_url: string, { signal }: { signal: AbortSignal }) =>
        new Promise<never>((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    ],
  ])("are unavailable where an object %s", async (_title, fetch) => {
    const stores = createDurableObjectStores(
      { idFromName: () => "", get: () => ({ fetch }) },
      { deadlineMs: 20 },
    );
    await expect(stores.claims("nonces").putIfAbsent("n", CLAIM)).rejects.toThrow(StoreUnavailableError);
    await expect(stores.records("grants").get("n")).rejects.toMatchObject({ code: "store_unavailable" });
  });

  test("are unavailable where a newer version has migrated the object", async () => {
    const { namespace, databases, end } = onClock();
    const { claims } = createDurableObjectStores(namespace);
    await claims("nonces").putIfAbsent("n", CLAIM);
    databases.get("claims nonces")!.exec("INSERT INTO steps VALUES (1000)");
    end();
    await expect(claims("nonces").putIfAbsent("n", CLAIM)).rejects.toMatchObject({
      code: "store_unavailable",
      cause: expect.objectContaining({ message: expect.stringContaining("schema 1000") }),
    });
  });

  test("reject an entry that is not JSON, and serve the others", async () => {
    const { namespace, databases } = onClock();
    const errors: Error[] = [];
    const stores = createDurableObjectStores(namespace, { onUnreadable: (error) => errors.push(error) });
    const records = stores.records<number>("grants");
    await records.put("a", 1, RECORD);
    await records.put("b", 2, RECORD);
    databases.get("records grants")!.exec("UPDATE entries SET value = '{' WHERE key = 'a'");
    await expect(records.get("a")).rejects.toThrow(StoreRecordError);
    expect(await records.list("alice")).toEqual([2]);
    expect(errors).toEqual([expect.any(StoreRecordError)]);
  });

  test("store keys and owners as the other databases do", async () => {
    for (const key of ["a", '"', "\0\ud800", "é".repeat(512), "x".repeat(513), "\0".repeat(200)]) {
      expect(await storedKeyOfWorkers(key)).toBe(storedKey(key));
    }
  });
});

test("refuses a namespace that is not bound", () => {
  const bindings: { readonly STORES?: ObjectNamespace } = {};
  expect(() => createDurableObjectStores(bindings.STORES as ObjectNamespace)).toThrow(/^namespace must be/);
});
