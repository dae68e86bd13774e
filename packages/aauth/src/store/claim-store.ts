import type { Awaitable } from "../crypto/interface.ts";
import { Expiring } from "./expiring.ts";
import { hasReachedQuota } from "./quota-store.ts";

/**
 * Part of a bounded store that a claim may use. `shared`: a quarter, shared by all owners, for
 * callers that have only proven a key. `own`: the owner's quota within three quarters. `reserved`:
 * the owner's quota within the whole store, whose last quarter is reserved for these claims, for
 * callers with an auth token.
 */
export type ClaimQuota = "shared" | "own" | "reserved";

/** Owner, quota and lifetime of a claim. */
export interface ClaimTerms {
  /** Proven owner: `ownerOf` an agent or server, a person, or a thumbprint. */
  readonly owner: string;
  readonly quota: ClaimQuota;
  readonly ttlSeconds: number;
}

/**
 * Storage for single-use values: nonces, signatures, client assertions. A claim is never evicted
 * before its lifetime ends, because that would allow a replay. Quotas prevent one owner from
 * filling the store.
 *
 * `putIfAbsent` is atomic, even across processes that share the store. `claimStoreContract` of
 * `aauth/testing` tests an implementation.
 */
export interface ClaimStore {
  /**
   * @returns true for the first claim of `key`, false while that claim exists, and `"full"` if the
   * owner has reached its quota, in which case nothing is claimed
   * @throws RangeError unless `ttlSeconds` is a positive number
   * @throws StoreUnavailableError if the store is unreachable
   */
  putIfAbsent(key: string, terms: ClaimTerms): Awaitable<boolean | "full">;
}

/** Bound and clock of an in-memory claim store. */
export interface MemoryClaimStoreOptions {
  /** Maximum claims of all owners together. Default 200000, about 50 MB when full. */
  readonly maxEntries?: number | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

const MAX_ENTRIES = 200_000;
/**
 * Common owner of callers that have only proven a key: new keys are free, so quotas by key would be
 * useless.
 */
const SHARED = "";

/** Claims that are charged together. */
interface Quota {
  readonly name: string;
  readonly group: Group;
  count: number;
}

/** Quotas that share the same room: those with a reserve, or all others. */
interface Group {
  quotas: number;
  count: number;
}

/**
 * Creates an in-memory {@link ClaimStore} for one process. The quota rule is that of every bounded
 * store: an owner's entries, times the number of owners, may not exceed the free room. A claim is
 * kept until the end of the second in which it expires; each call takes constant time.
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
