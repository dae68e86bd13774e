import { type RecordStore, StoreFullError, type Stores } from "aauth";
import type { OpenRequests } from "./open-requests.ts";

/** Seconds that runs, orders and related records are kept. */
export const KEPT_SECONDS = 3600;
/** Seconds for which a value being added counts, in case the store fails meanwhile. */
const ADDING_SECONDS = 60;
/**
 * An unfinished value unchanged for this long may have no job, because its process ended between
 * the two writes. Adding a job that exists has no effect.
 */
export const WITHOUT_JOB_SECONDS = 10;

/** Plain data that belongs to a user. */
interface Owned {
  readonly id: string;
  /** `sub` of the owner. */
  readonly userId: string;
}

/** Runs or orders of users. Values are immutable plain data. */
export interface UserRecords<Value extends Owned> {
  /** Counts it as an open request. @throws BackendError `too_many`; StoreFullError */
  add(value: Value): Promise<void>;
  /** The value if it belongs to this user; undefined for another user's. */
  get(userId: string, id: string): Promise<Value | undefined>;
  /** The user's values, newest first. */
  list(userId: string): Promise<Value[]>;
  /**
   * Compare-and-set: replaces a value with the result of `change`, which may run repeatedly.
   * Returning the same value leaves it unchanged.
   *
   * @returns undefined if there is no such value. Rejects with any error of `change`
   */
  update(id: string, change: (value: Value) => Value): Promise<Value | undefined>;
  /** Removes the user's values and returns their number. */
  clear(userId: string): Promise<number>;
  /** The value of any user, for background work. */
  find(id: string): Promise<Value | undefined>;
}

/** Limits of the records, and how values are interpreted. */
export interface UserRecordsOptions<Value extends Owned> {
  readonly stores: Pick<Stores, "records">;
  /** Name of the store. */
  readonly name: string;
  /** Unix seconds. */
  readonly now: () => number;
  /** Limit on the values of all users. When it is reached, users without values are refused. */
  readonly maxEntries: number;
  /** Limit per user, beyond which the user's oldest final value is removed. Default 100. */
  readonly maxPerUser?: number;
  /** Whether a value is final, that is, no longer changes. */
  readonly isFinal: (value: Value) => boolean;
  /** Applies time-dependent changes, such as the end of a wait. Must be deterministic. */
  readonly settle: (value: Value) => Value;
  readonly open: OpenRequests;
  /** Called with the id of a removed value. */
  readonly onRemove?: (id: string) => void;
}

interface Row<Value> {
  readonly value: Value;
  /** Increases with each new value of a user. */
  readonly number: number;
  /** Unix seconds. Changes do not extend it. */
  readonly endsAt: number;
}

/** Records in the given stores, for {@link KEPT_SECONDS} each. */
export function createUserRecords<Value extends Owned>(
  options: UserRecordsOptions<Value>,
): UserRecords<Value> {
  const { stores, name, now, maxEntries, maxPerUser = 100, isFinal, settle, open, onRemove } = options;
  const rows: RecordStore<Row<Value>> = stores.records(name, { maxEntries });
  const termsOf = ({ value, endsAt }: Row<Value>) => ({ owner: value.userId, ttlSeconds: endsAt - now() });

  /** Oldest first. */
  async function ofUser(userId: string): Promise<Row<Value>[]> {
    const own = await rows.list(userId);
    return own.map((row) => ({ ...row, value: settle(row.value) })).sort((a, b) => a.number - b.number);
  }

  async function remove(id: string): Promise<void> {
    await rows.delete(id);
    onRemove?.(id);
  }

  const put = (row: Row<Value>) => rows.put(row.value.id, row, termsOf(row));

  async function addRow(value: Value): Promise<void> {
    const own = await ofUser(value.userId);
    const oldest = own.find((row) => isFinal(row.value))?.value.id;
    const row = { value, number: (own.at(-1)?.number ?? 0) + 1, endsAt: now() + KEPT_SECONDS };
    const isAtBound = own.length >= maxPerUser;
    if (oldest !== undefined && isAtBound) await remove(oldest);
    try {
      await put(row);
    } catch (error) {
      if (!(error instanceof StoreFullError) || oldest === undefined || isAtBound) throw error;
      await remove(oldest);
      await put(row);
    }
  }

  async function find(id: string): Promise<Value | undefined> {
    const row = await rows.get(id);
    return row && settle(row.value);
  }

  return {
    async add(value) {
      const { id, userId } = value;
      await open.begin(userId, id, ADDING_SECONDS);
      try {
        await addRow(value);
      } catch (error) {
        await open.end(userId, id).catch(() => {});
        throw error;
      }
      await open.keep(userId, id, KEPT_SECONDS);
    },
    find,
    async get(userId, id) {
      const value = await find(id);
      return value?.userId === userId ? value : undefined; // hole B4: value
    },
    list: async (userId) => (await ofUser(userId)).reverse().map(({ value }) => value),
    async update(id, change) {
      const row = await rows.update(id, (row) => {
        if (row === undefined || row.endsAt <= now()) return undefined;
        const value = change(settle(row.value));
        return value === row.value ? undefined : { value: { ...row, value }, ...termsOf(row) };
      });
      return row && settle(row.value);
    },
    async clear(userId) {
      const own = await rows.list(userId);
      for (const { value } of own) await remove(value.id);
      return own.length;
    },
  };
}
