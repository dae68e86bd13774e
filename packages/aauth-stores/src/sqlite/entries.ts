import { isFull, type Quota } from "../quota.ts";

/** Maximum expired entries that one write removes, so that no write takes long. */
const MAX_SWEPT = 1_000;
/**
 * Clock changes up to this size are not recorded. Two of them, one forward and one back, are the
 * extra second that claims are kept for.
 */
const STEADY_SECONDS = 0.5;

const SQL = {
  find: "SELECT owner, value FROM entries WHERE store = ? AND key = ? AND expires_at > ?",
  list: "SELECT value FROM entries WHERE store = ? AND owner = ? AND expires_at > ? ORDER BY version",
  remove: "DELETE FROM entries WHERE store = ? AND key = ?",
  add: "INSERT INTO entries (store, key, room, owner, value, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
  sweep: `DELETE FROM entries WHERE version IN (
    SELECT version FROM entries WHERE store = ? AND expires_at <= ? LIMIT ${MAX_SWEPT})`,
  // Node 22 does not bind numbered parameters by position, and Durable Objects do not bind them by
  // name.
  count: `SELECT coalesce(sum(held), 0) AS total,
    coalesce(sum(held) FILTER (WHERE room = ?), 0) AS inRoom,
    coalesce(sum(owners) FILTER (WHERE room = ?), 0) AS owners,
    coalesce((SELECT held FROM owners WHERE store = ? AND room = ? AND owner = ?), 0) AS held
    FROM rooms WHERE store = ?`,
  clock: "SELECT latest, set_back_to FROM clocks WHERE store = ?",
  setClock: "INSERT OR REPLACE INTO clocks (store, latest, set_back_to) VALUES (?, ?, ?)",
};

/** An entry that has not expired. */
export interface Entry {
  readonly owner: string;
  readonly value: string;
}

type Row = Readonly<Record<string, unknown>>;

/** An SQLite statement of `node:sqlite` or of a Durable Object. */
interface Statement {
  get(...values: (string | number)[]): Row | undefined;
  all(...values: (string | number)[]): Row[];
  run(...values: (string | number)[]): unknown;
}

/** A database with the tables of {@link Entries}. */
export interface Statements {
  prepare(sql: string): Statement;
}

/** Reason of an `"unknown"` claim. */
export const CLOCK_SET_BACK = "the clock was set back: claims may be missing for their lifetime";

/** Entries of one store in a database. Call methods within a transaction, of reads or of writes. */
export class Entries {
  readonly #name: string;
  readonly #now: () => number;
  readonly #statements;

  /** @param now Unix seconds */
  constructor(database: Statements, name: string, now: () => number) {
    this.#name = name;
    this.#now = now;
    this.#statements = {
      find: database.prepare(SQL.find),
      list: database.prepare(SQL.list),
      remove: database.prepare(SQL.remove),
      add: database.prepare(SQL.add),
      sweep: database.prepare(SQL.sweep),
      count: database.prepare(SQL.count),
      clock: database.prepare(SQL.clock),
      setClock: database.prepare(SQL.setClock),
    };
  }

  find(key: string): Entry | undefined {
    const row = this.#statements.find.get(this.#name, key, this.#now());
    return row && { owner: String(row.owner), value: String(row.value) };
  }

  /** Values of an owner, oldest write first. */
  list(owner: string): string[] {
    return this.#statements.list.all(this.#name, owner, this.#now()).map(({ value }) => String(value));
  }

  remove(key: string): void {
    this.#statements.remove.run(this.#name, key);
  }

  /** Adds or replaces an entry. False if its owner has reached its quota. */
  put(key: string, value: string, quota: Quota, ttlSeconds: number): boolean {
    const now = this.#now();
    this.#statements.sweep.run(this.#name, now);
    if (this.find(key)?.owner !== quota.owner && this.#isFull(quota)) return false; // hole V3
    this.remove(key);
    this.#statements.add.run(this.#name, key, quota.room, quota.owner, value, now + ttlSeconds);
    return true;
  }

  /** Claims a key; true for the first claim, `"unknown"` if an earlier claim may be missing. */
  claim(key: string, quota: Quota, ttlSeconds: number): boolean | "full" | "unknown" {
    const knowsAll = this.#knowsAll(ttlSeconds);
    if (this.find(key) !== undefined) return false; // hole V26
    if (!knowsAll) return "unknown"; // hole V9
    return this.put(key, "", quota, ttlSeconds) || "full";
  }

  /**
   * Whether no entry of a lifetime is missing. Entries that expired while the clock was ahead may
   * be missing for their lifetime after it was set back.
   */
  #knowsAll(ttlSeconds: number): boolean {
    const now = this.#now();
    const clock = this.#statements.clock.get(this.#name);
    const latest = Number(clock?.latest ?? Number.NEGATIVE_INFINITY);
    const isSetBack = now < latest - STEADY_SECONDS;
    const setBackTo = isSetBack ? now : Number(clock?.set_back_to ?? 0);
    if (isSetBack || now > latest + STEADY_SECONDS) {
      this.#statements.setClock.run(this.#name, now, setBackTo);
    }
    return now >= setBackTo + ttlSeconds;
  }

  #isFull(quota: Quota): boolean {
    const { room, owner } = quota;
    const name = this.#name;
    const counts = this.#statements.count.get(room, room, name, room, owner, name)!;
    const { total, inRoom, owners, held } = counts;
    return isFull(quota, {
      total: Number(total),
      inRoom: Number(inRoom),
      owners: Number(owners),
      held: Number(held),
    });
  }
}
