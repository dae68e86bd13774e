/**
 * Start time of this process by the clock `now`, in Unix seconds, rounded down. Undefined on a
 * runtime that does not report it.
 */
export function processStart(now: () => number): number | undefined {
  const startMs = performance.timeOrigin;
  if (!(startMs > 0)) return undefined;
  // Corrects for a test clock that differs from the system's, but not for one that only rounds
  // down.
  return Math.floor(startMs / 1000) + Math.ceil(now() - Date.now() / 1000);
}

/**
 * Like {@link processStart}, for state that is kept in memory.
 *
 * @param what name of the state, in the plural
 * @throws TypeError on a runtime that does not report the start time
 */
export function requireProcessStart(now: () => number, what: string): number {
  const start = processStart(now);
  if (start === undefined) {
    throw new TypeError(`${what} are lost with each isolate of this runtime; use shared stores`);
  }
  return start;
}
