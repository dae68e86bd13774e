import type { ClaimTerms, StoreBounds } from "aauth";

/**
 * A quota with its limits. The rule is the same as in memory: the entries of an owner, times the
 * number of owners in its room, may not exceed the free entries of the room.
 */
export interface Quota {
  /** Quotas in the same room share its free entries. */
  readonly room: string;
  readonly owner: string;
  /** Maximum entries of the store. */
  readonly maxEntries: number;
  /** Maximum entries of the room. */
  readonly maxInRoom: number;
  /** Maximum entries of the owner. */
  readonly maxOfOwner: number;
  /** Entries that the store accepts first come, first served, before the rule applies. */
  readonly unshared: number;
}

/** Counts of entries before another one is added. */
export interface Held {
  readonly total: number;
  readonly inRoom: number;
  /** Owners with entries in the room. */
  readonly owners: number;
  /** Entries of the owner. */
  readonly held: number;
}

/** Whether an owner has reached its quota. PostgreSQL and Valkey compute the same. */
export function isFull(quota: Quota, { total, inRoom, owners, held }: Held): boolean {
  if (held >= quota.maxOfOwner) return true;
  const sharers = held === 0 ? owners + 1 : owners;
  const free = Math.min(quota.maxEntries - total, quota.maxInRoom - inRoom);
  return total >= quota.unshared && held * sharers >= free;
}

/** Creates the function that returns the quota of a claim, whose owner is as it is stored. */
export function claimQuotas({ maxEntries = 200_000 }: StoreBounds = {}) {
  requireBound(maxEntries);
  return ({ owner, quota }: Pick<ClaimTerms, "owner" | "quota">): Quota => ({
    room: quota === "reserved" ? "reserved" : "others",
    owner: quota === "shared" ? "shared" : `${quota} ${owner}`,
    maxEntries,
    maxInRoom: quota === "reserved" ? maxEntries : Math.ceil(maxEntries * 0.75),
    maxOfOwner: quota === "shared" ? Math.ceil(maxEntries / 4) : maxEntries,
    unshared: 0,
  });
}

/** Creates the function that returns the quota of a record. */
export function recordQuotas({ maxEntries = 50_000 }: StoreBounds = {}) {
  requireBound(maxEntries);
  return (owner: string): Quota => ({
    room: "records",
    owner,
    maxEntries,
    maxInRoom: maxEntries,
    maxOfOwner: maxEntries,
    unshared: Math.floor(maxEntries / 2),
  });
}

function requireBound(maxEntries: number): void {
  if (!(maxEntries >= 1)) throw new RangeError("maxEntries must be at least 1");
}

/** @throws RangeError for a lifetime that is not a positive number */
export function requireLifetime(ttlSeconds: number): void {
  if (!(ttlSeconds > 0)) throw new RangeError("ttlSeconds must be positive");
}
