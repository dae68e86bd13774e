import { createMemoryStore } from "aauth";

/**
 * Who holds which entries of a store, so that nobody fills it: a store that is full drops its oldest entry, whosever that is, and one
 * agent could push out the pending consents of all others.
 */
export interface Holdings {
  /** Notes an entry; gives back the holder's oldest ones that are too many now, for the store to drop. */
  add(holder: string, key: string, lifetimeSeconds: number): readonly string[];
  remove(holder: string, key: string): void;
}

/**
 * A tenth of what a store holds, and many times what a busy agent needs: the backend of the demo has 20 unfinished runs for a user, each
 * with one consent to wait for.
 */
export const MAX_PER_HOLDER = 1_000;
const MAX_HOLDERS = 10_000;

/** Entries that have expired meanwhile count, but are a holder's oldest, and go first. */
export function createHoldings(options: { now: () => number; maxPerHolder?: number }): Holdings {
  const { now, maxPerHolder = MAX_PER_HOLDER } = options;
  // In this process also where the entries themselves are elsewhere: two additions at once must not miss each other.
  const held = createMemoryStore<{ keys: Set<string>; until: number }>({ maxEntries: MAX_HOLDERS, now });
  return {
    add(holder, key, lifetimeSeconds) {
      const { keys, until } = held.get(holder) ?? { keys: new Set<string>(), until: 0 };
      const ends = Math.max(until, now() + lifetimeSeconds);
      keys.add(key);
      held.put(holder, { keys, until: ends }, ends - now());
      const tooMany = [...keys].slice(0, Math.max(0, keys.size - maxPerHolder));
      for (const oldest of tooMany) keys.delete(oldest);
      return tooMany;
    },
    remove(holder, key) {
      held.get(holder)?.keys.delete(key);
    },
  };
}
