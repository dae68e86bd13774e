/**
 * Stores in an SQLite file, for one process or a few on one machine.
 *
 * @module
 */

import {
  type RecordStore,
  type RecordTerms,
  type StoreBounds,
  StoreFullError,
  StoreUnavailableError,
} from "aauth";
import { claimQuotas, recordQuotas, requireLifetime } from "../quota.ts";
import { readAll, readJson, type Unreadable } from "../read-json.ts";
import { storedKey } from "../stored-key.ts";
import { DEADLINE_MS, type Deadline, type OpenStores } from "../stores.ts";
import { Database } from "./database.ts";
import { CLOCK_SET_BACK, Entries } from "./entries.ts";

export { countSqliteEntries } from "./count-entries.ts";

/** Path of a file, and the deadline of its calls. */
export interface SqliteOptions extends Deadline, Unreadable {
  /**
   * The file, with mode 0600, and its folder are created if missing. Must not be on a network file
   * system.
   */
  readonly path: string;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

/**
 * Opens stores in an SQLite file (WAL, `synchronous=NORMAL`). A write survives the end of the
 * process; after a power failure the last writes may be missing. Processes on one machine may share
 * the file: a call waits for another's write without blocking the process.
 *
 * @throws StoreSetupError if the file cannot be written, or a newer version has migrated it
 * @throws StoreUnavailableError if another process has locked the file
 *
 * @example
 * const stores = openSqliteStores({ path: ".data/aauth.db" });
 * const replayStore = stores.claims("nonces");
 */
export function openSqliteStores(options: SqliteOptions): OpenStores {
  const { path, deadlineMs = DEADLINE_MS, now = () => Date.now() / 1000 } = options;
  const database = new Database(path, deadlineMs);
  return {
    claims(name, bounds) {
      const quotaOf = claimQuotas(bounds);
      const entries = new Entries(database, `claims ${name}`, now);
      return {
        async putIfAbsent(key, { ttlSeconds, owner, quota }) {
          requireLifetime(ttlSeconds);
          const charged = quotaOf({ owner: storedKey(owner), quota });
          const claimed = await database.write(() => entries.claim(storedKey(key), charged, ttlSeconds));
          if (claimed !== "unknown") return claimed;
          throw new StoreUnavailableError(path, { cause: new Error(CLOCK_SET_BACK) });
        },
      };
    },
    records<Value>(name: string, bounds?: StoreBounds): RecordStore<Value> {
      const quotaOf = recordQuotas(bounds);
      const entries = new Entries(database, `records ${name}`, now);
      const read = (text: string) => readJson<Value>(name, text);
      const find = (key: string) => {
        const entry = entries.find(storedKey(key));
        return entry && read(entry.value);
      };
      const put = (key: string, value: Value, { owner, ttlSeconds }: RecordTerms) => {
        requireLifetime(ttlSeconds);
        const quota = quotaOf(storedKey(owner));
        const isKept = entries.put(storedKey(key), JSON.stringify(value), quota, ttlSeconds);
        if (!isKept) throw new StoreFullError();
      };
      return {
        get: (key) => database.read(() => find(key)),
        put: (key, value, terms) => database.write(() => put(key, value, terms)),
        putIfAbsent: (key, value, terms) =>
          database.write(() => {
            if (entries.find(storedKey(key)) !== undefined) return false;
            put(key, value, terms);
            return true;
          }),
        take: (key) =>
          database.write(() => {
            const value = find(key);
            entries.remove(storedKey(key));
            return value;
          }),
        delete: (key) => database.write(() => entries.remove(storedKey(key))),
        update: (key, change) =>
          database.write(() => {
            const before = find(key);
            const changed = change(before);
            if (changed === undefined) return before;
            put(key, changed.value, changed);
            return changed.value;
          }),
        list: (owner) => database.read(() => readAll(entries.list(storedKey(owner)), read, options)),
      };
    },
    close: async () => database.close(),
  };
}
