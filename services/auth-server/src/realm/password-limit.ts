import { QuotaStore } from "aauth";
import { networkOf } from "agent-kit/service";
import type { FastifyBaseLogger } from "fastify";
import type { Realm } from "./realm.ts";

/** Where a sign-in comes from. */
export interface SignInOrigin {
  readonly clientId: string;
  /** IP address. */
  readonly address: string;
}

/**
 * Bounds how often the password of an account may be tried from one network. A try is counted
 * before the password is compared, so that of many at once no more are compared than of as many in
 * a row.
 *
 * Does NOT bound guesses from many networks together: such a bound would let a few of them lock the
 * account for its user.
 */
export interface PasswordLimit {
  /** Counts a try. False when there have been too many wrong ones from this network. */
  allows(accountId: string, origin: SignInOrigin): boolean;
  /** Forgets the tries from this network: the password was right. */
  reset(accountId: string, origin: SignInOrigin): void;
}

interface Tries {
  readonly count: number;
  /** Unix seconds. */
  readonly expiresAt: number;
}

const MAX_COUNTS = 10_000;

/**
 * `failureFactor` wrong passwords for each account and network in `maxFailureWaitSeconds`, counted
 * from the first one.
 */
export function createPasswordLimit(options: {
  realm: Pick<Realm, "failureFactor" | "maxFailureWaitSeconds">;
  logger: FastifyBaseLogger;
  /** Unix seconds. */
  now: () => number;
}): PasswordLimit {
  const { realm, logger, now } = options;
  const tries = new QuotaStore<Tries>({ maxEntries: MAX_COUNTS, now });
  const keyOf = (accountId: string, { address }: SignInOrigin) => `${accountId} ${networkOf(address)}`; // hole S21
  return {
    allows(accountId, origin) {
      const key = keyOf(accountId, origin);
      const first = { count: 0, expiresAt: now() + realm.maxFailureWaitSeconds };
      const { count, expiresAt } = tries.get(key) ?? first;
      const lockedSeconds = expiresAt - now();
      if (count <= realm.failureFactor) {
        tries.put(accountId, key, { count: count + 1, expiresAt }, lockedSeconds);
      }
      if (count === realm.failureFactor) {
        const details = { userId: accountId, lockedSeconds, ...origin };
        logger.warn(details, "🔒 Account locked for this network: too many wrong passwords");
      }
      return count < realm.failureFactor;
    },
    reset(accountId, origin) {
      tries.delete(keyOf(accountId, origin));
    },
  };
}
