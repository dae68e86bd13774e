import { existsSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";

// As in `database.ts`.
const sqlite = process.getBuiltinModule("node:sqlite");

const COUNT = "SELECT store, count(*) AS entries FROM entries WHERE expires_at > ? GROUP BY store";

/**
 * Counts the entries of a file that have not expired, by `records NAME` and `claims NAME`. Reads no
 * values and writes nothing. Empty if the file does not exist or has no stores.
 *
 * @param now Unix seconds. Default: the system clock
 */
export function countSqliteEntries(path: string, now = Date.now() / 1000): ReadonlyMap<string, number> {
  if (!existsSync(path)) return new Map();
  let database: DatabaseSync | undefined;
  try {
    database = new sqlite.DatabaseSync(path, { readOnly: true });
    const rows = database.prepare(COUNT).all(now);
    return new Map(rows.map(({ store, entries }) => [String(store), Number(entries)]));
  } catch {
    return new Map();
  } finally {
    database?.close();
  }
}
