import type { Quota } from "../quota.ts";
import { type Connections, isRefusedValue } from "./connections.ts";
import { WriteQueue } from "./write-queue.ts";

const FIND = `select value, version from aauth_entries
  where store = $1 and key = $2 and expires_at > clock_timestamp()`;
const LIST = `select value from aauth_entries
  where store = $1 and owner = $2 and expires_at > clock_timestamp() order by version`;
const WRITE = "select aauth_write($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as result";

/** An entry that has not expired. */
export interface Entry {
  readonly value: string;
  /** Version after the last write, a number above 0. */
  readonly version: string;
}

/** Result of a put: `conflict` if the entry does not have the expected version. */
export type PutResult = "stored" | "conflict" | "full";

/** A value to put under a key. */
export interface Put {
  readonly value: string;
  readonly quota: Quota;
  readonly ttlSeconds: number;
  /** Required version of the entry, `"0"` for no entry. Default: any. */
  readonly version?: string | undefined;
}

/** A write of the entry under a key. Without a put, the entry is taken. */
interface Write {
  readonly key: string;
  readonly put?: Put;
}

/** Entries of one store in a database. Each call is atomic. */
export class Entries {
  readonly connections: Connections;
  readonly #name: string;
  readonly #writes: WriteQueue<Write, string | null>;

  constructor(connections: Connections, name: string) {
    this.connections = connections;
    this.#name = name;
    this.#writes = new WriteQueue({
      deadlineMs: connections.deadlineMs,
      write: (batch) => this.#write(batch),
      isRefusedValue,
      unavailable: (reason) => connections.unavailable(reason),
    });
  }

  async find(key: string): Promise<Entry | undefined> {
    const [row] = await this.connections.query<Entry>(FIND, [this.#name, key]);
    return row;
  }

  /** Values of an owner, oldest write first. */
  async list(owner: string): Promise<string[]> {
    const rows = await this.connections.query<Entry>(LIST, [this.#name, owner]);
    return rows.map(({ value }) => value);
  }

  async put(key: string, put: Put): Promise<PutResult> {
    return (await this.#writes.add({ key, put })) as PutResult;
  }

  /** Reads and removes. */
  async take(key: string): Promise<string | undefined> {
    return (await this.#writes.add({ key })) ?? undefined;
  }

  /** Rejects further writes, and resolves when earlier ones are complete or rejected. */
  close(): Promise<void> {
    return this.#writes.close();
  }

  async #write(batch: readonly Write[]): Promise<readonly (string | null)[]> {
    const column = <Value>(of: (put: Put) => Value) => batch.map(({ put }) => put && of(put));
    const rows = await this.connections.query<{ result: string | null }>(WRITE, [
      this.#name,
      batch.map(({ key }) => key),
      column(({ quota }) => quota.room),
      column(({ quota }) => quota.owner),
      column(({ value }) => value),
      column(({ ttlSeconds }) => ttlSeconds),
      column(({ version }) => version),
      column(({ quota }) => quota.maxEntries),
      column(({ quota }) => quota.maxInRoom),
      column(({ quota }) => quota.maxOfOwner),
      column(({ quota }) => quota.unshared),
    ]);
    return rows.map(({ result }) => result);
  }
}
