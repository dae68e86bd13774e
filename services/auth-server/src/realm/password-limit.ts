import { QuotaStore } from "aauth";
import { networkOf } from "agent-kit/service";
import type { FastifyBaseLogger } from "fastify";
import type { Realm } from "./realm.ts";

/** Origin of a sign-in. */
export interface SignInOrigin {
  readonly clientId: string;
  /** IP address. */
  readonly address: string;
}

/**
 * Limits attempts at an account's password from one network. An attempt counts before the password
 * is compared, so that concurrent attempts do not evade the limit.
 *
 * Does NOT limit guesses across networks: such a limit would let a few of them lock out the user.
 */
export interface PasswordLimit {
  /** Counts an attempt. False after too many wrong ones from this network. */
  allows(accountId: string, origin: SignInOrigin): boolean;
  /** Resets the count for this network after a correct password. */
  reset(accountId: string, origin: SignInOrigin): void;
}

interface Tries {
  readonly count: number;
  /** Unix seconds. */
  readonly expiresAt: number;
}

const MAX_COUNTS = 10_000;

/**
 * Allows `failureFactor` wrong passwords per account and network within `maxFailureWaitSeconds` of
 * the first.
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
