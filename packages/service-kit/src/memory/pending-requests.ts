import { LRUCache } from "lru-cache";

/**
 * What each owner, a user or another party, has made this service ask of others that waits there, and takes up room there, which all owners
 * share. It waits there whatever becomes here of what it was asked for: cleared, denied, failed.
 */
export interface PendingRequests {
  count(owner: string): number;
  /** Counts a request for so long from now on; one that was noted already, anew. */
  note(owner: string, id: string, lifetimeSeconds: number): void;
  /** It is used up where it waited: that is proven, not only said. */
  free(owner: string, id: string): void;
}

const MAX_OWNERS = 10_000;

/** @param now Unix seconds */
export function createPendingRequests(now: () => number): PendingRequests {
  /** Until when each waits, by owner. As many for one as callers allow; nobody has a timer for what is over. */
  const owners = new LRUCache<string, Map<string, number>>({ max: MAX_OWNERS });
  const waiting = (owner: string) => {
    const requests = owners.get(owner) ?? new Map<string, number>();
    for (const [id, endsAt] of requests) if (endsAt <= now()) requests.delete(id);
    if (requests.size === 0) owners.delete(owner);
    return requests;
  };
  return {
    count: (owner) => waiting(owner).size,
    note(owner, id, lifetimeSeconds) {
      owners.set(owner, waiting(owner).set(id, now() + lifetimeSeconds));
    },
    free(owner, id) {
      owners.get(owner)?.delete(id);
    },
  };
}
