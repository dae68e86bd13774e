import type { RecordStore, Stores } from "aauth";
import { digestOf } from "agent-kit/service";

/** A run or an order that a browser's return resumes. */
export interface Returning {
  readonly id: string;
  readonly userId: string;
}

/** Maps a state to the work that the browser's return resumes. Only the state's hash is stored. */
export interface Returns {
  put(state: string, returning: Returning, seconds: number): Promise<void>;
  get(state: string): Promise<Returning | undefined>;
  /** Works once across all processes. */
  take(state: string): Promise<Returning | undefined>;
}

/** Exceeds the limits of runs and orders. */
const MAX_RETURNS = 10_000;

export function createReturns(stores: Pick<Stores, "records">, name: string): Returns {
  const returns: RecordStore<Returning> = stores.records(name, { maxEntries: MAX_RETURNS });
  return {
    put: async (state, { id, userId }, ttlSeconds) =>
      returns.put(digestOf(state), { id, userId }, { owner: userId, ttlSeconds }),
    get: async (state) => returns.get(digestOf(state)),
    take: async (state) => returns.take(digestOf(state)),
  };
}
