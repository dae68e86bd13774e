import type { Quota } from "../quota.ts";
import type { Connections } from "./connections.ts";

const FIND = `select value, version from aauth_entries
  where store = $1 and key = $2 and expires_at > clock_timestamp()`;
const LIST = `select value from aauth_entries
  where store = $1 and owner = $2 and expires_at > clock_timestamp() order by version`;
const PUT = "select aauth_put($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as result";
const TAKE = "select aauth_take($1, $2) as value";

/** An entry that has not expired. */
export interface Entry {
  readonly value: string;
  /** Version that the last write made, a number above 0. */
  readonly version: string;
}

/** Result of a put: `conflict` where the entry has another version than expected. */
export type PutResult = "stored" | "conflict" | "full";

/** Entries of one store in a database. Each call is one atomic statement. */
export class Entries {
  readonly #connections: Connections;
  readonly #name: string;

  constructor(connections: Connections, name: string) {
    this.#connections = connections;
    this.#name = name;
  }

  async find(key: string): Promise<Entry | undefined> {
    const [row] = await this.#connections.query<Entry>(FIND, [this.#name, key]);
    return row;
  }

  /** Values of an owner, oldest write first. */
  async list(owner: string): Promise<string[]> {
    const rows = await this.#connections.query<Entry>(LIST, [this.#name, owner]);
    return rows.map(({ value }) => value);
  }

  /**
   * @param version version that the entry must have, `"0"` for no entry. Default: any
   */
  async put(
    key: string,
    value: string,
    quota: Quota,
    ttlSeconds: number,
    version?: string,
  ): Promise<PutResult> {
    const { room, owner, maxEntries, maxInRoom, maxOfOwner, unshared } = quota;
    const bounds = [maxEntries, maxInRoom, maxOfOwner, unshared];
    const [row] = await this.#connections.query<{ result: PutResult }>(PUT, [
      ...[this.#name, key, room, owner, value, ttlSeconds, version ?? null],
      ...bounds,
    ]);
    return row!.result;
  }

  /** Reads and removes. */
  async take(key: string): Promise<string | undefined> {
    const [row] = await this.#connections.query<{ value: string | null }>(TAKE, [this.#name, key]);
    return row?.value ?? undefined;
  }
}
