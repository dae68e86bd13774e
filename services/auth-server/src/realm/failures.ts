import type { BruteForceSettings } from "./brute-force.ts";

/** What is known of an account's failed sign-ins. Times in Unix milliseconds. */
export interface Failures {
  readonly count: number;
  readonly lastAt: number;
  readonly lock?: Lock;
  /** Waits so far, those for failures in quick succession not counted. */
  readonly temporaryLockouts: number;
}

/** Without `seconds` it lasts until an administrator ends it. */
export interface Lock {
  readonly since: number;
  readonly seconds?: number;
}

/** The account's failures with one more, which was not made while it was locked: such ones do not count. */
export function withFailure(
  settings: BruteForceSettings,
  before: Failures | undefined,
  now: number,
): Failures {
  const kept = before !== undefined && !isForgotten(settings, before, now) ? before : undefined;
  const count = (kept?.count ?? 0) + 1;
  const temporaryLockouts = kept?.temporaryLockouts ?? 0;
  const failures = { count, lastAt: now, temporaryLockouts };
  if (isPermanentAtOnce(settings) && count >= settings.failureFactor)
    return { ...failures, lock: { since: now } };

  const seconds = isPermanentAtOnce(settings) ? 0 : waitFor(settings, count);
  if (seconds > 0) {
    const lockouts = temporaryLockouts + 1;
    const permanent = settings.permanentLockout && lockouts > settings.maxTemporaryLockouts;
    const lock = permanent ? { since: now } : temporary(settings, now, seconds);
    return { ...failures, lock, temporaryLockouts: lockouts };
  }
  if (!isQuick(settings, kept, now)) return failures;
  return { ...failures, lock: temporary(settings, now, settings.minimumQuickLoginWaitSeconds) };
}

/** Whether an account is locked now. */
export function isLocked(lock: Lock | undefined, now: number): boolean {
  if (lock === undefined) return false;
  return lock.seconds === undefined || now < lock.since + lock.seconds * 1000;
}

/** The same for a clock that was set back meanwhile: a wait then begins anew, instead of getting longer by as much. */
export function notAhead(failures: Failures, now: number): Failures {
  const { lastAt, lock } = failures;
  if (lastAt <= now && (lock === undefined || lock.since <= now)) return failures;
  return {
    ...failures,
    lastAt: Math.min(lastAt, now),
    ...(lock !== undefined && { lock: { ...lock, since: Math.min(lock.since, now) } }),
  };
}

/** How long it has to be remembered, in seconds; undefined: until an administrator ends it, or the right password comes. */
export function keptSeconds(settings: BruteForceSettings, { lock }: Failures): number | undefined {
  if (isPermanentAtOnce(settings) || (lock !== undefined && lock.seconds === undefined)) return undefined;
  return Math.max(settings.maxDeltaTimeSeconds, lock?.seconds ?? 0);
}

function isForgotten(settings: BruteForceSettings, { lastAt }: Failures, now: number): boolean {
  return !isPermanentAtOnce(settings) && now - lastAt > settings.maxDeltaTimeSeconds * 1000;
}

function isQuick(settings: BruteForceSettings, before: Failures | undefined, now: number): boolean {
  return before !== undefined && now - before.lastAt < settings.quickLoginCheckMilliSeconds;
}

function waitFor(settings: BruteForceSettings, count: number): number {
  const { bruteForceStrategy, failureFactor, waitIncrementSeconds } = settings;
  const steps =
    bruteForceStrategy === "LINEAR"
      ? Math.max(0, 1 + count - failureFactor)
      : Math.floor(count / failureFactor);
  return waitIncrementSeconds * steps;
}

function temporary(settings: BruteForceSettings, now: number, seconds: number): Lock {
  return { since: now, seconds: Math.min(seconds, settings.maxFailureWaitSeconds) };
}

function isPermanentAtOnce({ permanentLockout, maxTemporaryLockouts }: BruteForceSettings): boolean {
  return permanentLockout && maxTemporaryLockouts === 0;
}
