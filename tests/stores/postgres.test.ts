import { type ClaimStore, type RecordStore, StoreFullError, StoreUnavailableError } from "aauth";
import { claimStoreContract, type OpenTestStore, recordStoreContract } from "aauth/testing";
import { encryptStores, type OpenStores, StoreRecordError, StoreSetupError } from "aauth-stores";
import { countPostgresEntries, openPostgresStores } from "aauth-stores/postgres";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type StoreServer, startPostgres } from "../support/store-servers.ts";
import { claimsOfTwoProcesses, recordsOfTwoProcesses } from "../support/two-processes.ts";

const TERMS = { owner: "alice", ttlSeconds: 100 };
/** Generous limits for a slow machine; the contract is not about time. */
const deadlineMs = 30_000;
let server: StoreServer;
let stores: OpenStores;
let admin: pg.Pool;
let names = 0;

beforeAll(async () => {
  server = await startPostgres();
  stores = await openPostgresStores({ url: server.url, deadlineMs });
  admin = new pg.Pool({ connectionString: server.url });
  admin.on("error", () => {});
});
afterAll(async () => {
  await admin?.end();
  await stores?.close();
  await server?.close();
});

function onServer<Store>(
  open: (name: string, bounds: { maxEntries: number }) => Store,
): OpenTestStore<Store> {
  return (bounds) => {
    const name = `contract ${names++}`;
    return {
      store: open(name, bounds),
      // Moves the expiry of every entry forward by this time.
      async advance(seconds) {
        const sql = `update aauth_entries set expires_at = expires_at - make_interval(secs => $1)
          where store like '%' || $2`;
        await admin.query(sql, [seconds, name]);
      },
    };
  };
}

describe("a claim store of PostgreSQL", () => {
  test.each(claimStoreContract)("$title", ({ run }) =>
    run(onServer<ClaimStore>((name, bounds) => stores.claims(name, bounds))),
  );

  test("lets one of two processes claim a key, of 500", async () => {
    const claimed = await claimsOfTwoProcesses({ kind: "postgres", url: server.url });
    expect(claimed).toEqual({ claims: 500, owners: 2 });
  });
});

describe("a record store of PostgreSQL", () => {
  const open = <Value>(name: string, bounds?: { maxEntries: number }) => stores.records<Value>(name, bounds);

  test.each(recordStoreContract)("$title", ({ run }) => run(onServer<RecordStore<unknown>>(open)));

  test.each(recordStoreContract)("$title, encrypted", ({ run }) => {
    const keys = [new Uint8Array(32).fill(7)];
    return run(
      onServer<RecordStore<unknown>>((name, bounds) => encryptStores(stores, { keys }).records(name, bounds)),
    );
  });

  test("lets one of two processes put and take each of 500, and loses no update", async () => {
    expect(await recordsOfTwoProcesses({ kind: "postgres", url: server.url })).toEqual({
      put: 500,
      differentPut: 500,
      taken: 500,
      differentTaken: 500,
      count: 400,
      differentCounts: 400,
    });
  });

  test("has its entries counted without the key of their values, except for expired ones", async () => {
    const records = open<number>("kept", { maxEntries: 20 });
    await records.put("a", 1, TERMS);
    await records.put("b", 1, TERMS);
    await records.put("c", 1, { ...TERMS, ttlSeconds: 0.01 });
    const kept = async () => (await countPostgresEntries(server.url)).get("records kept");
    await expect.poll(kept).toBe(2);
    expect(await countPostgresEntries("postgres://aauth:wrong@127.0.0.1:1/none")).toEqual(new Map());
  });

  test("counts its entries, whether put, replaced, handed over, taken or expired", async () => {
    const records = open<number>("counts", { maxEntries: 20 });
    const operations = Array.from({ length: 300 }, (_, index) => index);
    await Promise.all(
      operations.map(async (index) => {
        const key = `key ${(index * 7) % 15}`;
        if (index % 3 === 0) {
          await records.take(key);
          return;
        }
        const terms = { owner: `owner ${index % 4}`, ttlSeconds: index % 5 === 0 ? 0.01 : 100 };
        try {
          await records.put(key, index, terms);
        } catch (error) {
          if (!(error instanceof StoreFullError)) throw error;
        }
      }),
    );
    const counted = `select coalesce(sum(held), 0)::int as held, coalesce(sum(owners), 0)::int as owners
      from aauth_rooms where store = 'records counts'`;
    const present = `select count(*)::int as held, count(distinct owner)::int as owners
      from aauth_entries where store = 'records counts'`;
    expect((await admin.query(counted)).rows).toEqual((await admin.query(present)).rows);
  });

  test("writes in time beside many expired entries, and removes them", async () => {
    const records = open<number>("swept", { maxEntries: 100_000 });
    // One statement for all would update the counting row 20,000 times in one transaction.
    for (let part = 1; part <= 20; part++) {
      await admin.query(`insert into aauth_entries (store, key, room, owner, value, expires_at)
        select 'records swept', 'old ${part} ' || n, 'records', 'alice', '1', now() - interval '1 s'
        from generate_series(1, 1000) n`);
    }
    await Promise.all(Array.from({ length: 100 }, (_, index) => records.put(`new ${index}`, index, TERMS)));
    for (let time = 0; time < 20; time++) await records.put("last", time, TERMS);
    const left = "select count(*)::int as count from aauth_entries where store = 'records swept'";
    expect((await admin.query(left)).rows).toEqual([{ count: 101 }]);
  });

  test("reads no other entry for a write, however many it holds", async () => {
    await open<number>("large").put("first", 1, TERMS);
    await admin.query(`insert into aauth_entries (store, key, room, owner, value, expires_at)
      select 'records large', 'live ' || n, 'records', 'alice', '1', now() + interval '1 h'
      from generate_series(1, 1000) n`);
    // A new connection, because reads of a pooled connection may be counted late.
    const writer = new pg.Client({ connectionString: server.url });
    await writer.connect();
    await writer.query(`begin; select aauth_write('records large', '{new}', '{records}', '{alice}', '{2}',
      '{100}', '{null}', '{9999}', '{9999}', '{9999}', '{9999}')`);
    const read = `select seq_tup_read::int + idx_tup_fetch::int as entries from pg_stat_xact_user_tables
      where relname = 'aauth_entries'`;
    const { rows } = await writer.query(read);
    await writer.query("commit");
    await writer.end();
    expect(rows).toEqual([{ entries: 0 }]);
  });

  test("V6: has no two writes of one key wait for each other", async () => {
    const records = open<number>("contended");
    // One process makes its writes in one statement.
    const second = await openPostgresStores({ url: server.url, deadlineMs });
    await records.put("a", 1, TERMS);
    const writer = await admin.connect();
    const put = "select aauth_put('records contended', 'a', 'records', 'alice', '2', 100, null, 9, 9, 9, 9)";
    await writer.query(`begin; ${put}`);
    const updated = records.update("a", (before = 0) => ({ value: before + 10, ...TERMS }));
    await waiting(1);
    const taken = second.records<number>("contended").take("a");
    await waiting(2);
    await writer.query("commit");
    writer.release();
    // Either write may come first.
    expect([
      [10, 2],
      [12, 12],
    ]).toContainEqual(await Promise.all([updated, taken]));
    await second.close();
  });

  test("V6: writes again where PostgreSQL ended a deadlock with another's transaction", async () => {
    const records = open<number>("deadlock");
    await records.put("a", 1, TERMS);
    const other = await admin.connect();
    await other.query("begin; update aauth_entries set value = '2' where store = 'records deadlock'");
    const taken = records.take("a");
    await waiting(1);
    await other.query("set local deadlock_timeout = '1min'; select aauth_lock('records deadlock'); commit");
    other.release();
    expect(await taken).toBe(2);
  });

  test("makes writes that come together in their order, each with its own result", async () => {
    const records = open<string>("together", { maxEntries: 4 });
    const put = (key: string, value: string) => outcome(records, key, value);
    const results = [
      put("first", "is written alone"),
      records.putIfAbsent("a", "1", TERMS),
      records.putIfAbsent("a", "2", TERMS),
      put("a", "3"),
      records.take("a"),
      put("b", "4"),
      put("c", "5"),
      put("d", "6"),
      put("b", "7"),
    ];
    expect(await Promise.all(results)).toEqual([
      "put",
      true,
      false,
      "put",
      "3",
      "put",
      "store_full",
      "store_full",
      "put",
    ]);
    expect(await records.list("alice")).toEqual(["is written alone", "7"]);
  });

  test("stores the neighbours of a value that PostgreSQL refuses", async () => {
    const records = open<number | undefined>("refused");
    const put = (key: string, value?: number, ttlSeconds?: number) =>
      outcome(records, key, value, ttlSeconds);
    const results = [put("a", 1), put("b", 2), put("c", 3, 1e300), put("d"), put("e", 5)];
    const refused = "store_unavailable";
    expect(await Promise.all(results)).toEqual(["put", "put", refused, refused, "put"]);
    expect(await records.list("alice")).toEqual([1, 2, 5]);
  });

  test("makes the writes that wait when it is closed, and rejects later ones", async () => {
    const own = await openPostgresStores({ url: server.url, deadlineMs });
    const records = own.records<number>("closed");
    const puts = Promise.all(["a", "b", "c"].map((key, index) => records.put(key, index, TERMS)));
    const closed = own.close();
    await expect(records.put("d", 3, TERMS)).rejects.toThrow(StoreUnavailableError);
    await Promise.all([puts, closed]);
    expect(await open<number>("closed").list("alice")).toEqual([0, 1, 2]);
  });

  test("distinguishes keys with NUL, with lone surrogates, and very long ones", async () => {
    const keys = ["a", "a\0", "a\ud800", "a\ud801", "a\ufffd", "x".repeat(5_000), "x".repeat(5_001)];
    const records = open<string>("keys");
    for (const key of keys) await records.put(key, key, { ...TERMS, owner: key });
    for (const key of keys) {
      expect(await records.get(key)).toBe(key);
      expect(await records.list(key)).toEqual([key]);
    }
  });

  test("rejects an entry that is not JSON, and serves the others", async () => {
    const records = open<number>("tampered");
    await records.put("a", 1, TERMS);
    await records.put("b", 2, TERMS);
    await admin.query(`update aauth_entries set value = '{' where store = 'records tampered' and key = 'a'`);
    await expect(records.get("a")).rejects.toThrow(StoreRecordError);
    await expect(records.list("alice")).rejects.toMatchObject({ code: "store_record_unreadable" });
    expect(await records.get("b")).toBe(2);
  });
});

describe("a PostgreSQL that cannot be used", () => {
  const refusal = (code: string) => expect.objectContaining({ name: StoreSetupError.name, code });

  test("rejects a wrong password, which the error does not contain", async () => {
    const opened = openPostgresStores({ url: server.urlWithWrongPassword });
    await expect(opened).rejects.toThrow(refusal("store_login_failed"));
    await expect(opened).rejects.not.toThrow(/wrong@/);
  });

  test("is refused if no server listens", async () => {
    const opened = openPostgresStores({ url: "postgres://aauth@127.0.0.1:9/aauth" });
    await expect(opened).rejects.toThrow(StoreUnavailableError);
  });

  test("is refused where a newer version has migrated it", async () => {
    await admin.query("insert into aauth_migrations values ('9999-newer', '2026')");
    try {
      const opened = openPostgresStores({ url: server.url });
      await expect(opened).rejects.toThrow(refusal("store_schema_newer"));
    } finally {
      await admin.query("delete from aauth_migrations where name = '9999-newer'");
    }
  });

  test("is migrated once where two processes open it for the first time", async () => {
    await admin.query("create database empty");
    const url = server.url.replace(/[^/]*$/, "empty");
    const opened = await Promise.all([openPostgresStores({ url }), openPostgresStores({ url })]);
    await opened[0].records("grants").put("a", 1, TERMS);
    expect(await opened[1].records("grants").get("a")).toBe(1);
    await Promise.all(opened.map((each) => each.close()));
  });

  test("has calls rejected after the deadline while it is slow, and recovers", async () => {
    const own = await openPostgresStores({ url: server.url, deadlineMs: 300 });
    const records = own.records<number>("slow");
    const blocker = await admin.connect();
    await blocker.query("begin; lock table aauth_entries in access exclusive mode");
    const startedAt = performance.now();
    await expect(records.get("a")).rejects.toThrow(StoreUnavailableError);
    const claim = own.claims("slow").putIfAbsent("a", { ...TERMS, quota: "own" });
    await expect(claim).rejects.toMatchObject({ code: "store_unavailable" });
    const updates = Array.from({ length: 40 }, () => records.update("a", () => undefined));
    const puts = Array.from({ length: 40 }, (_, index) => records.put(`b ${index}`, 1, TERMS));
    for (const { status } of await Promise.allSettled([...updates, ...puts])) expect(status).toBe("rejected");
    // Each waits for its own deadline, not for those of others.
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    await blocker.query("rollback");
    blocker.release();
    await expect.poll(() => outcome(records, "a", 1), { timeout: 5_000 }).toBe("put");
    await own.close();
  });

  test("has calls rejected while it is down, and recovers with all entries", async () => {
    const records = stores.records<number>("down");
    await records.put("before", 1, TERMS);
    await server.kill();
    expect(await outcome(records, "a", 1)).toBe("store_unavailable");
    await server.start();
    await expect.poll(() => outcome(records, "a", 1), { timeout: 10_000 }).toBe("put");
    expect(await records.get("before")).toBe(1);
  });
});

/** Waits until this number of statements wait for a lock. */
async function waiting(statements: number): Promise<void> {
  const sql = "select count(*)::int as waiting from pg_locks where not granted";
  await expect.poll(async () => (await admin.query(sql)).rows).toEqual([{ waiting: statements }]);
}

/** `put`, or the code of the error. */
async function outcome<Value>(
  records: RecordStore<Value>,
  key: string,
  value: Value,
  ttlSeconds = 100,
): Promise<string> {
  try {
    await records.put(key, value, { ...TERMS, ttlSeconds });
    return "put";
  } catch (error) {
    return (error as StoreUnavailableError).code;
  }
}
