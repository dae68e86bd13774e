import { hasReachedQuota } from "../store/quota-store.ts";

/** Whose room an entry takes: what the caller has proven, and the owner of its agent (its thumbprint, where only a key is known). */
export interface ReplayShare {
  /** How much the caller has proven: `pseudonymous`, `identified` or `authorized`. */
  readonly level: string;
  /** `ownerOf` the caller; the level `pseudonymous` shares one quota whatever it says. */
  readonly owner: string;
}

interface Share {
  readonly name: string;
  readonly group: Group;
  count: number;
}

/** Callers with an auth token, or all others: how many hold something, and how much. */
interface Group {
  shares: number;
  count: number;
}

/** All of them together: a new key costs nothing, so that a share for each would be none for all. */
const PSEUDONYMOUS = "";

/**
 * What has been used once, in memory, under the quota rule of every store (`hasReachedQuota`). No entry is forgotten before it expires,
 * because that would let a replay pass: a caller that has reached its quota is refused instead. The last quarter is kept for callers
 * with an auth token, and all pseudonymous ones together are kept to one quarter.
 *
 * Entries live to a whole second and are swept when it comes, so that everything found is in force. Constant time.
 */
export class ReplayMemory {
  readonly #maxEntries: number;
  readonly #now: () => number;
  readonly #keys = new Set<string>();
  readonly #shares = new Map<string, Share>();
  /** Key and share by turns, by the second in which they have expired. */
  readonly #expiring = new Map<number, (string | Share)[]>();
  #sweptSecond: number;
  readonly #authorized: Group = { shares: 0, count: 0 };
  readonly #others: Group = { shares: 0, count: 0 };

  constructor(maxEntries: number, now: () => number) {
    if (!(maxEntries >= 1)) throw new RangeError("maxEntries must be at least 1");
    this.#maxEntries = maxEntries;
    this.#now = now;
    this.#sweptSecond = Math.floor(now());
  }

  get size(): number {
    return this.#keys.size;
  }

  /** True when `key` was not there and is from now on; false when it was; `"full"` when there is no room left for this caller. */
  putIfAbsent(key: string, ttlSeconds: number, { level, owner }: ReplayShare): boolean | "full" {
    if (!(ttlSeconds > 0)) throw new RangeError("ttlSeconds must be positive");
    const now = this.#sweep();
    if (this.#keys.has(key)) return false;
    const name = level === "pseudonymous" ? PSEUDONYMOUS : `${level} ${owner}`;
    const known = this.#shares.get(name);
    const group = level === "authorized" ? this.#authorized : this.#others;
    const share = known ?? { name, group, count: 0 };
    const sharers = known === undefined ? group.shares + 1 : group.shares;
    if (hasReachedQuota(share.count, sharers, this.#roomFor(share))) return "full";
    if (known === undefined) {
      this.#shares.set(name, share);
      group.shares += 1;
    }
    share.count += 1;
    group.count += 1;
    this.#keys.add(key);
    const second = Math.ceil(now + ttlSeconds);
    const expiring = this.#expiring.get(second);
    if (expiring) expiring.push(key, share);
    else this.#expiring.set(second, [key, share]);
    return true;
  }

  #roomFor({ name, group, count }: Share): number {
    const free = this.#maxEntries - this.#keys.size;
    if (group === this.#authorized) return free;
    const room = Math.min(free, Math.ceil(this.#maxEntries * 0.75) - group.count);
    return name === PSEUDONYMOUS && count >= this.#maxEntries / 4 ? 0 : room;
  }

  /** Drops what has expired, at most once a second; returns the time it is. */
  #sweep(): number {
    const now = this.#now();
    const second = Math.floor(now);
    if (second <= this.#sweptSecond) return now;
    this.#sweptSecond = second;
    for (const [expired, entries] of this.#expiring) {
      if (expired > second) continue;
      for (const entry of entries) {
        if (typeof entry === "string") this.#keys.delete(entry);
        else this.#release(entry);
      }
      this.#expiring.delete(expired);
    }
    return now;
  }

  #release(share: Share): void {
    share.count -= 1;
    share.group.count -= 1;
    if (share.count > 0) return;
    this.#shares.delete(share.name);
    share.group.shares -= 1;
  }
}
