import { LRUCache } from "lru-cache";

/**
 * What each user has made the backend ask of others that waits there for that user, and takes up room there, which all users share. It
 * waits there whatever becomes here of what it was asked for: cleared, denied, failed.
 */
export interface PendingRequests {
  count(userId: string): number;
  /** Counts a request for so long from now on; one that was noted already, anew. */
  note(userId: string, id: string, lifetimeSeconds: number): void;
  /** It is used up where it waited: that is proven, not only said. */
  free(userId: string, id: string): void;
}

const MAX_USERS = 10_000;

/** @param now Unix seconds */
export function createPendingRequests(now: () => number): PendingRequests {
  /** Until when each waits, by user. As many for one as callers allow; nobody has a timer for what is over. */
  const users = new LRUCache<string, Map<string, number>>({ max: MAX_USERS });
  const waiting = (userId: string) => {
    const requests = users.get(userId) ?? new Map<string, number>();
    for (const [id, endsAt] of requests) if (endsAt <= now()) requests.delete(id);
    if (requests.size === 0) users.delete(userId);
    return requests;
  };
  return {
    count: (userId) => waiting(userId).size,
    note(userId, id, lifetimeSeconds) {
      users.set(userId, waiting(userId).set(id, now() + lifetimeSeconds));
    },
    free(userId, id) {
      users.get(userId)?.delete(id);
    },
  };
}
