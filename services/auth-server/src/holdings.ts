/**
 * Who holds which entries of a store, so that nobody fills it: a store that is full drops its oldest entry, whosever that is, and one
 * agent could push out the pending consents of all others.
 */
export interface Holdings {
  /**
   * Notes an entry; what was noted under this key before counts no more. Gives back the holder's own oldest ones that have to go for
   * it, for the store to drop; `"full"` when nothing is left for a holder that has nothing, and then nothing is noted.
   */
  add(holder: string, key: string, lifetimeSeconds: number): readonly string[] | "full";
  has(key: string): boolean;
  remove(key: string): void;
}

interface Share {
  readonly holder: string;
  /** Oldest first. */
  readonly keys: Set<string>;
}

/**
 * Shares out `maxEntries`. A holder has a tenth at most, which is many times what a busy agent needs: the backend of the demo has 20
 * unfinished runs for a user, each with one consent to wait for. And what it has, times the number of holders, may not exceed what is
 * left free (as in the replay memory, decision 0021): holders cost a stranger a host name each, and a tenth for each would be all for ten.
 * Who has reached its share loses its own oldest entry for each new one; nobody else's goes before its time.
 *
 * In this process, also where the entries themselves are elsewhere: two additions at once must not miss each other.
 */
export function createHoldings(options: {
  maxEntries: number;
  now: () => number;
  maxPerHolder?: number;
}): Holdings {
  const { maxEntries, now, maxPerHolder = Math.ceil(maxEntries / 10) } = options;
  const shares = new Map<string, Share>();
  const entries = new Map<string, { share: Share; expiringSecond: number }>();
  /** Keys by the second in which they have expired: the same in which a store in memory forgets them. */
  const expiring = new Map<number, Set<string>>();
  let sweptSecond = Math.floor(now());

  return {
    add(holder, key, lifetimeSeconds) {
      sweep();
      remove(key);
      const share = shares.get(holder) ?? { holder, keys: new Set<string>() };
      const dropped: string[] = [];
      if (hasReachedItsShare(share)) {
        const [oldest] = share.keys;
        if (oldest === undefined) return "full";
        remove(oldest);
        dropped.push(oldest);
      }
      insert(share, key, Math.ceil(now() + lifetimeSeconds));
      return dropped;
    },
    has: (key) => entries.has(key),
    remove,
  };

  function hasReachedItsShare({ holder, keys }: Share): boolean {
    const holders = shares.size + (shares.has(holder) ? 0 : 1);
    return keys.size >= maxPerHolder || keys.size * holders >= maxEntries - entries.size;
  }

  function insert(share: Share, key: string, expiringSecond: number): void {
    shares.set(share.holder, share);
    share.keys.add(key);
    entries.set(key, { share, expiringSecond });
    const others = expiring.get(expiringSecond);
    if (others) others.add(key);
    else expiring.set(expiringSecond, new Set([key]));
  }

  function remove(key: string): void {
    const entry = entries.get(key);
    if (entry === undefined) return;
    const { share, expiringSecond } = entry;
    entries.delete(key);
    share.keys.delete(key);
    if (share.keys.size === 0) shares.delete(share.holder);
    const others = expiring.get(expiringSecond);
    others?.delete(key);
    if (others?.size === 0) expiring.delete(expiringSecond);
  }

  /** Forgets what has expired, at most once a second. */
  function sweep(): void {
    const second = Math.floor(now());
    if (second <= sweptSecond) return;
    sweptSecond = second;
    for (const [expired, keys] of expiring) if (expired <= second) for (const key of keys) remove(key);
  }
}
