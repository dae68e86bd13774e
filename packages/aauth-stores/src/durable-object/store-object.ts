import { Entries } from "../sqlite/entries.ts";
import { MIGRATIONS } from "../sqlite/schema.ts";
import type { Answers, Call, ObjectStorage } from "./types.ts";

/**
 * The class of the Durable Objects that hold the stores, one object each. A Workers module exports
 * it under the class name of its namespace (`new_sqlite_classes`). An object serves every holder of
 * the binding and checks only quotas.
 */
export class StoreObject {
  readonly #storage: ObjectStorage;
  readonly #entries: Entries;

  /**
   * @param now Unix seconds. Default: clock of the object
   * @throws Error if a newer version of this package has migrated the object
   */
  constructor(
    { storage }: { readonly storage: ObjectStorage },
    _env?: unknown,
    now = () => Date.now() / 1000,
  ) {
    this.#storage = storage;
    storage.transactionSync(() => migrate(storage));
    const rows = (sql: string, values: (string | number)[]) => storage.sql.exec(sql, ...values).toArray();
    const prepare = (sql: string) => ({
      get: (...values: (string | number)[]) => rows(sql, values)[0],
      all: (...values: (string | number)[]) => rows(sql, values),
      run: (...values: (string | number)[]) => rows(sql, values),
    });
    this.#entries = new Entries({ prepare }, "entries", now);
  }

  /** Answers a call of a store of `createDurableObjectStores`. */
  async fetch(request: { json(): Promise<unknown> }): Promise<Response> {
    const call = (await request.json()) as Call;
    return Response.json(this.#storage.transactionSync(() => this.#answer(call)));
  }

  #answer(call: Call): Answers[Call["kind"]] {
    const entries = this.#entries;
    if (call.kind === "list") return entries.list(call.owner);
    if (call.kind === "claim") return entries.claim(call.key, call.quota, call.ttlSeconds);
    const found = entries.find(call.key)?.value ?? null;
    if (call.kind === "find") return found;
    if (call.kind === "take") {
      entries.remove(call.key);
      return found;
    }
    if (call.before !== undefined && call.before !== found) return { found }; // hole V27
    return entries.put(call.key, call.value, call.quota, call.ttlSeconds) ? "stored" : "full";
  }
}

/**
 * Applies the migrations of SQLite files. A table counts them, because objects have no `PRAGMA
 * user_version`.
 */
function migrate({ sql }: ObjectStorage): void {
  sql.exec("CREATE TABLE IF NOT EXISTS steps (done INTEGER NOT NULL)");
  const done = Number(sql.exec("SELECT coalesce(max(done), 0) AS done FROM steps").toArray()[0]?.done);
  if (done > MIGRATIONS.length) {
    throw new Error(`schema ${done}, this version of aauth-stores knows ${MIGRATIONS.length}`);
  }
  if (done === MIGRATIONS.length) return;
  for (const migration of MIGRATIONS.slice(done)) sql.exec(migration);
  sql.exec("INSERT INTO steps VALUES (?)", MIGRATIONS.length);
}
