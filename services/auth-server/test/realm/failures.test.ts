/** The waits that Keycloak's settings describe. */
import { expect, test } from "vitest";
import type { BruteForceSettings } from "../../src/realm/brute-force.ts";
import { type Failures, isLocked, keptSeconds, notAhead, withFailure } from "../../src/realm/failures.ts";
import { bruteForce } from "../support/guess-limit.ts";

const FACTOR_3 = { failureFactor: 3, waitIncrementSeconds: 10, maxFailureWaitSeconds: 25 };

/** Unix milliseconds. */
const START = 1_730_217_600_000;

/** Waits after each of so many failures, `apartMs` from each other; `Infinity` is a lock for good. */
function waits(settings: Partial<BruteForceSettings>, many: number, apartMs = 60_000): number[] {
  let failures: Failures | undefined;
  return Array.from({ length: many }, (_, index) => {
    failures = withFailure(bruteForce(settings), failures, START + index * apartMs);
    return failures.lock === undefined ? 0 : (failures.lock.seconds ?? Number.POSITIVE_INFINITY);
  });
}

test("MULTIPLE: longer with each multiple of the factor, up to the bound", () => {
  expect(waits(FACTOR_3, 10)).toEqual([0, 0, 10, 10, 10, 20, 20, 20, 25, 25]);
});

test("LINEAR: longer with each failure, up to the bound", () => {
  const linear = { ...FACTOR_3, bruteForceStrategy: "LINEAR" as const };
  expect(waits(linear, 6)).toEqual([0, 0, 10, 20, 25, 25]);
});

test("failures in quick succession are a wait of their own, within the same bound", () => {
  const quick = { quickLoginCheckMilliSeconds: 500, minimumQuickLoginWaitSeconds: 60 };
  expect(waits({ ...FACTOR_3, ...quick }, 3, 499)).toEqual([0, 25, 10]);
  expect(waits({ ...FACTOR_3, ...quick }, 3, 500)).toEqual([0, 0, 10]);
  expect(waits({ ...FACTOR_3, ...quick, quickLoginCheckMilliSeconds: 0 }, 3, 0)).toEqual([0, 0, 10]);
});

test("failures are forgotten when there was none for long", () => {
  const settings = { ...FACTOR_3, maxDeltaTimeSeconds: 60 };
  expect(waits(settings, 4, 60_000)).toEqual([0, 0, 10, 10]);
  expect(waits(settings, 4, 60_001)).toEqual([0, 0, 0, 0]);
});

test("a permanent lock comes at once, however long it took, or after so many waits; quick ones do not count", () => {
  const forGood = Number.POSITIVE_INFINITY;
  const permanent = { ...FACTOR_3, permanentLockout: true, maxDeltaTimeSeconds: 1 };
  expect(waits(permanent, 4)).toEqual([0, 0, forGood, forGood]);
  const later = { ...FACTOR_3, permanentLockout: true, maxTemporaryLockouts: 2 };
  expect(waits(later, 5)).toEqual([0, 0, 10, 10, forGood]);
  const quick = { ...later, quickLoginCheckMilliSeconds: 500 };
  expect(waits(quick, 5, 1)).toEqual([0, 25, 10, 10, forGood]);
});

test("a lock ends with its second; one for good does not", () => {
  const lock = { since: 1000, seconds: 10 };
  expect([isLocked(lock, 10_999), isLocked(lock, 11_000)]).toEqual([true, false]);
  expect(isLocked({ since: 1000 }, Number.MAX_SAFE_INTEGER)).toBe(true);
  expect(isLocked(undefined, 0)).toBe(false);
});

test("a clock that was set back does not lengthen a wait", () => {
  const failures = { count: 3, lastAt: 1e9, lock: { since: 1e9, seconds: 10 }, temporaryLockouts: 1 };
  const known = notAhead(failures, 5000);
  expect(known).toEqual({ ...failures, lastAt: 5000, lock: { since: 5000, seconds: 10 } });
  expect(notAhead(known, 5000)).toBe(known);
});

test("what is kept is kept as long as it counts", () => {
  const failures = withFailure(bruteForce({ failureFactor: 1 }), undefined, 0);
  expect(keptSeconds(bruteForce({ maxDeltaTimeSeconds: 100 }), failures)).toBe(100);
  expect(keptSeconds(bruteForce({ maxDeltaTimeSeconds: 1 }), failures)).toBe(60);
  expect(keptSeconds(bruteForce({ permanentLockout: true }), failures)).toBeUndefined();
  const forGood = { ...failures, lock: { since: 0 } };
  expect(
    keptSeconds(bruteForce({ permanentLockout: true, maxTemporaryLockouts: 1 }), forGood),
  ).toBeUndefined();
});
