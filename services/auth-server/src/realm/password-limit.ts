import type { FastifyBaseLogger } from "fastify";
import { RateLimiterMemory, type RateLimiterRes } from "rate-limiter-flexible";
import type { Realm } from "./realm.ts";

/** Where a sign-in comes from, for the log. */
export interface SignInOrigin {
  readonly clientId: string;
  /** IP address. */
  readonly address: string;
}

/**
 * Bounds how often the password of an account may be tried. A try is counted before the password is
 * compared, so that of many at once no more are compared than of as many in a row.
 */
export interface PasswordLimit {
  /** Counts a try. False when the account has had too many wrong ones. */
  allows(accountId: string, origin: SignInOrigin): Promise<boolean>;
  /** Forgets the account's tries: its password was right. */
  reset(accountId: string): Promise<void>;
}

/**
 * `failureFactor` wrong passwords for each account in `maxFailureWaitSeconds`, counted from the
 * first one.
 */
export function createPasswordLimit(
  realm: Pick<Realm, "failureFactor" | "maxFailureWaitSeconds">,
  logger: FastifyBaseLogger,
): PasswordLimit {
  const limiter = new RateLimiterMemory({
    points: realm.failureFactor,
    duration: realm.maxFailureWaitSeconds,
  });
  return {
    async allows(accountId, origin) {
      try {
        await limiter.consume(accountId);
        return true;
      } catch (error) {
        // What the limiter rejects with is no Error, but the state of the count.
        if (error instanceof Error) throw error;
        const { consumedPoints, msBeforeNext } = error as RateLimiterRes;
        if (consumedPoints === realm.failureFactor + 1) {
          const lockedSeconds = Math.ceil(msBeforeNext / 1000);
          logger.warn(
            { userId: accountId, lockedSeconds, ...origin },
            "🔒 Account locked: too many wrong passwords",
          );
        }
        return false;
      }
    },
    async reset(accountId) {
      await limiter.delete(accountId);
    },
  };
}
