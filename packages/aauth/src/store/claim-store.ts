import type { Awaitable } from "../crypto/interface.ts";
import { Expiring } from "./expiring.ts";
import { hasReachedQuota } from "./quota-store.ts";

/**
 * Room that a claim may take in a bounded store. `shared`: a quarter, together with all claims of
 * this kind, whatever their owner, for callers that have proven a key and nothing else. `own`: the
 * owner's quota in three quarters. `reserved`: the owner's quota in the whole store, whose last
 * quarter no other claim takes, for callers with an auth token.
 */
export type ClaimQuota = "shared" | "own" | "reserved";

/** Owner that a claim is charged to, which quota it takes, and how long it is kept. */
export interface ClaimTerms {
  /** Proven: `ownerOf` an agent or server, a person, or a thumbprint. */
  readonly owner: string;
  readonly quota: ClaimQuota;
  readonly ttlSeconds: number;
}

/**
 * Storage of what may happen once: used nonces and signatures, client assertions. A claim is kept
 * at least until its lifetime ends, since a forgotten one lets a replay pass: no claim goes for
 * another. The store is bounded for each owner, or one owner would fill it for all.
 *
 * `putIfAbsent` is atomic, also among processes that share the store. `claimStoreContract` of
 * `aauth/testing` has the tests of an implementation.
 */
export interface ClaimStore {
  /**
   * @returns true for the first claim of `key`, false while that is kept, and `"full"` where the
   * owner has reached its quota: nothing is claimed then
   * @throws RangeError where `ttlSeconds` is not a positive number
   * @throws StoreUnavailableError where the store cannot be reached
   */
  putIfAbsent(key: string, terms: ClaimTerms): Awaitable<boolean | "full">;
}

/** The bound and the clock of a claim store in memory. */
export interface MemoryClaimStoreOptions {
  /** Most claims of all owners together. Default 200000, about 50 MB when full. */
  readonly maxEntries?: number | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

const MAX_ENTRIES = 200_000;
/** No owner, since a new key costs nothing: a quota for each key would leave none for others. */
const SHARED = "";

/** Claims that are charged together. */
interface Quota {
  readonly name: string;
  readonly group: Group;
  count: number;
}

/** Quotas that divide up the same room: those with a reserve, or all others. */
interface Group {
  quotas: number;
  count: number;
}

/**
 * Creates a {@link ClaimStore} in memory: for one process, lost when it ends. The quota rule is
 * that of every bounded store: what an owner holds, times the number of owners, may not exceed what
 * is free. A claim is kept to the end of the second in which it expires; each call takes constant
 * time.
 *
 * @throws RangeError for a bound below 1
 *
 * @example
 * createVerifier({ replayStore: createMemoryClaimStore({ maxEntries: 500_000 }), … });
 */
export function createMemoryClaimStore(options: MemoryClaimStoreOptions = {}): ClaimStore {
  const { maxEntries = MAX_ENTRIES, now = () => Date.now() / 1000 } = options;
  if (!(maxEntries >= 1)) throw new RangeError("maxEntries must be at least 1");
  const claims = new Map<string, Quota>();
  const quotas = new Map<string, Quota>();
  const expiring = new Expiring<string>(now);
  const reserved: Group = { quotas: 0, count: 0 };
  const others: Group = { quotas: 0, count: 0 };

  function roomFor({ name, group, count }: Quota): number {
    const free = maxEntries - claims.size;
    if (group === reserved) return free;
    const room = Math.min(free, Math.ceil(maxEntries * 0.75) - group.count);
    return name === SHARED && count >= maxEntries / 4 ? 0 : room;
  }

  function drop(key: string): void {
    const quota = claims.get(key)!;
    claims.delete(key);
    quota.count -= 1;
    quota.group.count -= 1;
    if (quota.count > 0) return;
    quotas.delete(quota.name);
    quota.group.quotas -= 1;
  }

  return {
    putIfAbsent(key, { owner, quota: kind, ttlSeconds }) {
      if (!(ttlSeconds > 0)) throw new RangeError("ttlSeconds must be positive");
      const at = expiring.sweep(drop);
      if (claims.has(key)) return false;
      const name = kind === "shared" ? SHARED : `${kind} ${owner}`;
      const known = quotas.get(name);
      const quota = known ?? { name, group: kind === "reserved" ? reserved : others, count: 0 };
      const { group } = quota;
      const sharers = known === undefined ? group.quotas + 1 : group.quotas;
      if (hasReachedQuota(quota.count, sharers, roomFor(quota))) return "full";
      if (known === undefined) {
        quotas.set(name, quota);
        group.quotas += 1;
      }
      quota.count += 1;
      group.count += 1;
      claims.set(key, quota);
      expiring.add(key, at + ttlSeconds);
      return true;
    },
  };
}
