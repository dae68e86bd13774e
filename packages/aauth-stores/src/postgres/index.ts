/**
 * Stores in PostgreSQL, for any number of processes.
 *
 * @module
 */

import { type RecordStore, type RecordTerms, type StoreBounds, StoreFullError } from "aauth";
import { claimQuotas, recordQuotas, requireLifetime } from "../quota.ts";
import { readAll, readJson, type Unreadable } from "../read-json.ts";
import { storedKey } from "../stored-key.ts";
import { DEADLINE_MS, type Deadline, type OpenStores } from "../stores.ts";
import { Connections } from "./connections.ts";
import { Entries } from "./entries.ts";

export { countPostgresEntries } from "./count-entries.ts";

/** Address of a database, and the deadline of its calls. */
export interface PostgresOptions extends Deadline, Unreadable {
  /** `postgres://user:password@host:port/database`. The tables are created in its schema. */
  readonly url: string;
}

/**
 * Connects to a database and migrates its tables to the current schema. Lifetimes use the
 * database's clock. Lost connections are replaced.
 *
 * @throws StoreSetupError if the login fails, or a newer version has migrated the tables
 * @throws StoreUnavailableError if the database does not answer
 *
 * @example
 * const stores = await openPostgresStores({ url: "postgres://aauth@127.0.0.1/aauth" });
 * const grants = stores.records<Grant>("grants");
 */
export async function openPostgresStores(options: PostgresOptions): Promise<OpenStores> {
  const { url, deadlineMs = DEADLINE_MS } = options;
  const connections = await Connections.open(url, deadlineMs);
  const opened = new Map<string, Entries>();
  const entriesOf = (name: string) => {
    const entries = opened.get(name) ?? new Entries(connections, name);
    opened.set(name, entries);
    return entries;
  };
  return {
    claims(name, bounds) {
      const quotaOf = claimQuotas(bounds);
      const entries = entriesOf(`claims ${name}`);
      return {
        async putIfAbsent(key, { ttlSeconds, owner, quota }) {
          requireLifetime(ttlSeconds);
          const charged = quotaOf({ owner: storedKey(owner), quota });
          const put = { value: "", quota: charged, ttlSeconds, version: "0" };
          const result = await entries.put(storedKey(key), put);
          return result === "full" ? "full" : result === "stored";
        },
      };
    },
    records: <Value>(name: string, bounds?: StoreBounds) =>
      records<Value>(entriesOf(`records ${name}`), name, recordQuotas(bounds), options),
    async close() {
      await Promise.all([...opened.values()].map((entries) => entries.close()));
      await connections.close();
    },
  };
}

function records<Value>(
  entries: Entries,
  name: string,
  quotaOf: ReturnType<typeof recordQuotas>,
  unreadable: Unreadable,
): RecordStore<Value> {
  const { connections } = entries;
  const read = (text: string) => readJson<Value>(name, text);
  const updates = new Map<string, Promise<unknown>>();

  async function put(key: string, value: Value, { owner, ttlSeconds }: RecordTerms, version?: string) {
    requireLifetime(ttlSeconds);
    const put = { value: JSON.stringify(value), quota: quotaOf(storedKey(owner)), ttlSeconds, version };
    const result = await entries.put(storedKey(key), put);
    if (result === "full") throw new StoreFullError();
    return result === "stored";
  }

  async function update(key: string, change: Parameters<RecordStore<Value>["update"]>[1], endsAt: number) {
    for (;;) {
      if (performance.now() > endsAt) throw connections.unavailable("the update waited for others");
      const entry = await entries.find(storedKey(key));
      const before = entry && read(entry.value);
      const changed = change(before);
      if (changed === undefined) return before;
      if (await put(key, changed.value, changed, entry?.version ?? "0")) return changed.value;
    }
  }

  return {
    async get(key) {
      const entry = await entries.find(storedKey(key));
      return entry && read(entry.value);
    },
    async put(key, value, terms) {
      await put(key, value, terms);
    },
    putIfAbsent: async (key, value, terms) => put(key, value, terms, "0"),
    async take(key) {
      const value = await entries.take(storedKey(key));
      return value === undefined ? undefined : read(value);
    },
    async delete(key) {
      await entries.take(storedKey(key));
    },
    /** Sequential in this process: `change` runs again only after a write of another process. */
    update(key, change) {
      const endsAt = performance.now() + connections.deadlineMs;
      const before = updates.get(key) ?? Promise.resolve();
      const updated = before.catch(() => {}).then(() => update(key, change, endsAt));
      updates.set(key, updated);
      const forget = () => {
        if (updates.get(key) === updated) updates.delete(key);
      };
      updated.then(forget, forget);
      return updated;
    },
    list: async (owner) => readAll(await entries.list(storedKey(owner)), read, unreadable),
  };
}
