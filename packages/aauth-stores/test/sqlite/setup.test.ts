import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreUnavailableError } from "aauth";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StoreRecordError, StoreSetupError } from "../../src/index.ts";
import { countSqliteEntries, openSqliteStores } from "../../src/sqlite/index.ts";
import { MIGRATIONS, migrate } from "../../src/sqlite/schema.ts";

const TERMS = { owner: "alice", ttlSeconds: 100 };
let folder = "";
let path = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sqlite-"));
  path = join(folder, "state", "aauth.db");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs SQL in the file, as a person with an editor for databases would. */
function inFile(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

describe("stores in a file of SQLite", () => {
  test("are there after a restart, with their quotas", async () => {
    const first = openSqliteStores({ path });
    await first.records("grants", { maxEntries: 2 }).put("a", { n: 1 }, TERMS);
    await first.claims("nonces").putIfAbsent("n", { ...TERMS, quota: "own" });
    await first.close();
    const second = openSqliteStores({ path });
    const grants = second.records("grants", { maxEntries: 2 });
    expect(await grants.get("a")).toEqual({ n: 1 });
    await expect(grants.put("b", 1, TERMS)).rejects.toThrow(expect.objectContaining({ code: "store_full" }));
    expect(await second.claims("nonces").putIfAbsent("n", { ...TERMS, quota: "own" })).toBe(false);
    await second.close();
  });

  test("are counted by name without the key of their values, except for expired entries", async () => {
    expect(countSqliteEntries(path)).toEqual(new Map());
    const stores = openSqliteStores({ path, now: () => 1_000 });
    await stores.records("runs").put("a", 1, TERMS);
    await stores.records("runs").put("b", 1, { ...TERMS, ttlSeconds: 10 });
    await stores.claims("nonces").putIfAbsent("n", { ...TERMS, quota: "own" });
    const counts = { "records runs": 1, "claims nonces": 1 };
    expect(Object.fromEntries(countSqliteEntries(path, 1_020))).toEqual(counts);
    await stores.close();
    await writeFile(path, "no database");
    expect(countSqliteEntries(path)).toEqual(new Map());
  });

  test("have names, which do not share keys", async () => {
    const stores = openSqliteStores({ path });
    await stores.records("grants").put("a", 1, TERMS);
    expect(await stores.records("runs").get("a")).toBeUndefined();
    expect(await stores.claims("grants").putIfAbsent("a", { ...TERMS, quota: "own" })).toBe(true);
    await stores.close();
  });

  test("distinguish keys with NUL, with lone surrogates, and very long ones", async () => {
    const stores = openSqliteStores({ path });
    const keys = ["a", "a\0", "a\0b", "a\ud800", "a\ud801", "a\ufffd", "x".repeat(5_000), "x".repeat(5_001)];
    const records = stores.records<string>("grants");
    for (const key of keys) await records.put(key, key, { ...TERMS, owner: key });
    for (const key of keys) {
      expect(await records.get(key)).toBe(key);
      expect(await records.list(key)).toEqual([key]);
    }
    await stores.close();
  });

  test("are readable by the owner of the file alone", async () => {
    const stores = openSqliteStores({ path });
    await stores.records("grants").put("a", 1, TERMS);
    for (const file of [path, `${path}-wal`]) expect((await stat(file)).mode & 0o777).toBe(0o600);
    await stores.close();
  });

  test("V9: accept no claim again that a clock which was ahead has ended", async () => {
    let seconds = 1_800_000_000;
    const open = () => openSqliteStores({ path, now: () => seconds });
    let stores = open();
    const claim = async (key: string) =>
      stores.claims("nonces").putIfAbsent(key, { ...TERMS, quota: "own", ttlSeconds: 121 });
    expect(await claim("a")).toBe(true);
    seconds += 3_600;
    expect(await claim("b")).toBe(true);
    seconds -= 3_600;
    await expect(claim("a")).rejects.toThrow(StoreUnavailableError);
    expect(await claim("b")).toBe(false);
    await stores.close();
    stores = open();
    seconds += 120;
    await expect(claim("a")).rejects.toThrow(StoreUnavailableError);
    seconds += 1;
    expect(await claim("c")).toBe(true);
    seconds += 1;
    expect(await claim("c")).toBe(false);
    seconds -= 0.5;
    expect(await claim("d")).toBe(true);
    await stores.close();
  });

  test("reject a bound below one", async () => {
    const stores = openSqliteStores({ path });
    expect(() => stores.claims("nonces", { maxEntries: 0 })).toThrow(RangeError);
    expect(() => stores.records("grants", { maxEntries: 0 })).toThrow(RangeError);
    await stores.close();
  });
});

describe("a file of SQLite that cannot be used", () => {
  const refusal = (code: string) => expect.objectContaining({ name: StoreSetupError.name, code });

  test("is refused by its path where its folder is a file", async () => {
    await writeFile(join(folder, "state"), "");
    expect(() => openSqliteStores({ path })).toThrow(refusal("store_not_writable"));
    expect(() => openSqliteStores({ path })).toThrow(path);
  });

  test("refuses a file that is not a database, and leaves it unchanged", async () => {
    await mkdir(join(folder, "state"));
    await writeFile(path, "no database\n".repeat(100));
    expect(() => openSqliteStores({ path })).toThrow(refusal("store_not_writable"));
    expect(await readFile(path, "utf8")).toContain("no database");
  });

  test("is refused where a newer version has migrated it", async () => {
    await openSqliteStores({ path }).close();
    inFile(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    expect(() => openSqliteStores({ path })).toThrow(refusal("store_schema_newer"));
  });

  test("is migrated where an older version has written it", () => {
    const database = new DatabaseSync(":memory:");
    migrate(database, "");
    database.exec("INSERT INTO rooms VALUES ('s', 'r', 1, 1)");
    migrate(database, "", [...MIGRATIONS, "ALTER TABLE rooms ADD COLUMN more TEXT"]);
    expect({ ...database.prepare("SELECT * FROM rooms").get() }).toEqual({
      store: "s",
      room: "r",
      held: 1,
      owners: 1,
      more: null,
    });
    expect(() => migrate(database, "")).toThrow(refusal("store_schema_newer"));
    expect(() => migrate(database, "", [...MIGRATIONS, "", "no SQL"])).toThrow();
    expect(database.prepare("PRAGMA user_version").get()?.user_version).toBe(MIGRATIONS.length + 1);
    database.close();
  });

  test("rejects calls after a deadline while another process writes, and recovers", async () => {
    const stores = openSqliteStores({ path, deadlineMs: 50 });
    const records = stores.records("grants");
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    await expect(records.put("a", 1, TERMS)).rejects.toThrow(StoreUnavailableError);
    const claim = stores.claims("nonces").putIfAbsent("n", { ...TERMS, quota: "own" });
    await expect(claim).rejects.toMatchObject({ code: "store_unavailable" });
    const later = openSqliteStores({ path: join(folder, "other.db") });
    await later.close();
    other.exec("COMMIT");
    other.close();
    await records.put("a", 1, TERMS);
    expect(await records.get("a")).toBe(1);
    await stores.close();
    await expect(records.get("a")).rejects.toThrow(StoreUnavailableError);
  });

  test("rejects an entry that is not JSON, and serves the others", async () => {
    const stores = openSqliteStores({ path });
    const records = stores.records<number>("grants");
    await records.put("a", 1, TERMS);
    await records.put("b", 2, { ...TERMS, owner: "bob" });
    inFile("UPDATE entries SET value = '{' WHERE key = 'a'");
    await expect(records.get("a")).rejects.toThrow(StoreRecordError);
    await expect(records.take("a")).rejects.toMatchObject({ code: "store_record_unreadable" });
    await expect(records.list("alice")).rejects.toThrow(StoreRecordError);
    const update = records.update("a", () => ({ value: 3, ...TERMS }));
    await expect(update).rejects.toThrow(StoreRecordError);
    expect(await records.get("b")).toBe(2);
    await records.put("a", 4, TERMS);
    expect(await records.get("a")).toBe(4);
    await stores.close();
  });
});
