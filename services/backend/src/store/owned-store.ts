import { QuotaStore, StoreFullError } from "aauth";
import { BackendError } from "../errors.ts";

/** Plain data that belongs to a user. */
interface Owned {
  readonly id: string;
  /** `sub` of the owner. */
  readonly userId: string;
}

/** Keeps what users have begun: runs, orders. Values are immutable plain data, which survive a round trip through JSON. */
export interface OwnedStore<Value extends Owned> {
  /** @throws BackendError `too_many` while too many values of the owner are open; StoreFullError */
  add(value: Value): Promise<void>;
  /** The value if it is this user's. Another user's does not exist. */
  get(userId: string, id: string): Promise<Value | undefined>;
  /** The user's values, newest first. */
  list(userId: string): Promise<Value[]>;
  /** Replaces a value by what `change` makes of it. Atomic. Undefined when there is no such value. Throws what `change` throws. */
  update(id: string, change: (value: Value) => Value): Promise<Value | undefined>;
  /** Removes the user's values and returns how many. */
  clear(userId: string): Promise<number>;
}

/** The bounds of a store, and what it has to know of its values. */
export interface OwnedStoreOptions<Value extends Owned> {
  /** Unix seconds. */
  readonly now: () => number;
  /** Values kept at once, of all users. A user who has none is refused when no room is left. */
  readonly maxEntries: number;
  /** Values kept per user. Beyond it the user's oldest final one is removed. Default 100. */
  readonly maxPerOwner?: number;
  /** Seconds a value is kept after it was added. Default 3600. */
  readonly lifetimeSeconds?: number;
  /** A final value does not change any more. */
  readonly isFinal: (value: Value) => boolean;
  /** Makes the changes that time brings, such as the end of a wait. Called before a value is read. */
  readonly settle: (value: Value) => Value;
  /** What each user has waiting at other parties, also for values that are final or removed. */
  readonly waiting: QuotaStore<true>;
  /** The sentence for a user with too many open values. */
  readonly tooMany: string;
  /** Receives the id of a value that is removed. */
  readonly onRemove?: (id: string) => void;
}

/** Values per user that may be open at once, and wait at other parties at once. */
export const MAX_OPEN_PER_USER = 20;

/** A store in memory. */
export function createOwnedStore<Value extends Owned>(options: OwnedStoreOptions<Value>): OwnedStore<Value> {
  const { now, maxEntries, maxPerOwner = 100, lifetimeSeconds = 3600 } = options;
  const { isFinal, settle, waiting, tooMany, onRemove } = options;
  // In a box, because a change neither prolongs the lifetime of a value nor makes it its owner's newest.
  const boxes = new QuotaStore<{ value: Value }>({
    maxEntries,
    maxPerOwner,
    now,
    onDrop: ({ value }) => onRemove?.(value.id),
  });

  function settled(box: { value: Value }): Value {
    box.value = settle(box.value);
    return box.value;
  }

  return {
    async add(value) {
      const { id, userId } = value;
      const own = boxes.list(userId).map(settled);
      const open = own.filter((each) => !isFinal(each)).length;
      if (open >= MAX_OPEN_PER_USER || !waiting.hasRoom(userId)) {
        if (open + waiting.list(userId).length === 0) throw new StoreFullError();
        throw new BackendError("too_many", tooMany);
      }
      const oldest = own.find(isFinal);
      if (oldest !== undefined && !boxes.hasRoom(userId)) boxes.delete(oldest.id);
      boxes.put(userId, id, { value }, lifetimeSeconds);
    },

    async get(userId, id) {
      const box = boxes.get(id);
      const value = box && settled(box);
      return value?.userId === userId ? value : undefined;
    },

    list: async (userId) => boxes.list(userId).reverse().map(settled),

    async update(id, change) {
      const box = boxes.get(id);
      if (box === undefined) return undefined;
      box.value = change(settled(box));
      return box.value;
    },

    async clear(userId) {
      const own = boxes.list(userId);
      for (const { value } of own) boxes.delete(value.id);
      return own.length;
    },
  };
}
