import { Client } from "pg";
import { DEADLINE_MS } from "../stores.ts";

const COUNT =
  "select store, count(*)::int as entries from aauth_entries where expires_at > now() group by store";

/**
 * Counts the entries of a database that have not expired, by `records NAME` and `claims NAME`.
 * Reads no values and writes nothing. Empty if the database does not exist or has no stores.
 *
 * @param url as for `openPostgresStores`
 */
export async function countPostgresEntries(url: string): Promise<ReadonlyMap<string, number>> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: DEADLINE_MS,
    query_timeout: DEADLINE_MS,
  });
  // A lost connection makes the query fail.
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ store: string; entries: number }>(COUNT);
    return new Map(rows.map(({ store, entries }) => [store, entries]));
  } catch {
    return new Map();
  } finally {
    await client.end().catch(() => {});
  }
}
