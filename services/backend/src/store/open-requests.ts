import { type RecordStore, StoreFullError, type Stores } from "aauth";
import { BackendError } from "../errors.ts";

/** Requests that a user may have open at once. */
export const MAX_OPEN_PER_USER = 20;
/** Limit for all users together on what one agent may have pending at another party. */
const MAX_REQUESTS = 1_000;

/** One of a user's slots for open requests. */
interface Place {
  /** Id of the run or the order. */
  readonly id: string;
  readonly number: number;
}

/**
 * Counts each user's open requests at other parties, by run or order, even after its end. Without a
 * limit, one user could displace the requests of others.
 */
export interface OpenRequests {
  /** @throws BackendError `too_many`; StoreFullError if the user has none open */
  begin(userId: string, id: string, seconds: number): Promise<void>;
  /** Counts a request for the given seconds from now, unless the user has no slot left. */
  keep(userId: string, id: string, seconds: number): Promise<void>;
  end(userId: string, id: string): Promise<void>;
  count(userId: string): Promise<number>;
}

/** @param options.tooMany message for a user with too many open requests */
export function createOpenRequests(options: {
  readonly stores: Pick<Stores, "records">;
  readonly name: string;
  readonly tooMany: string;
}): OpenRequests {
  const { stores, name, tooMany } = options;
  const places: RecordStore<Place> = stores.records(name, { maxEntries: MAX_REQUESTS });
  const keyOf = (userId: string, number: number) => JSON.stringify([userId, number]);

  /** @returns false if all of the user's slots are taken, in any process */
  async function take(userId: string, id: string, ttlSeconds: number): Promise<boolean> {
    const terms = { owner: userId, ttlSeconds };
    const held = await places.list(userId);
    const own = held.find((place) => place.id === id);
    if (own !== undefined) {
      const prolong = (at: Place | undefined) => (at?.id === id ? { ...terms, value: at } : undefined);
      await places.update(keyOf(userId, own.number), prolong);
      return true;
    }
    const taken = new Set(held.map(({ number }) => number));
    for (let number = 0; number < MAX_OPEN_PER_USER; number++) {
      if (taken.has(number)) continue;
      if (await places.putIfAbsent(keyOf(userId, number), { id, number }, terms)) return true;
    }
    return false;
  }

  return {
    async begin(userId, id, seconds) {
      const isTaken = await take(userId, id, seconds).catch(async (error: unknown) => {
        if (!(error instanceof StoreFullError) || (await places.list(userId)).length === 0) throw error;
        return false;
      });
      if (!isTaken) throw new BackendError("too_many", tooMany); // hole X6
    },
    async keep(userId, id, seconds) {
      await take(userId, id, seconds).catch((error: unknown) => {
        // An excess request must not end the count of another.
        if (!(error instanceof StoreFullError)) throw error;
      });
    },
    async end(userId, id) {
      const own = (await places.list(userId)).find((place) => place.id === id);
      if (own !== undefined) await places.delete(keyOf(userId, own.number));
    },
    count: async (userId) => (await places.list(userId)).length,
  };
}
