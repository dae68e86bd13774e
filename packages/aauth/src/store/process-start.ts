/**
 * Unix seconds by `now`, rounded down: what a clock that counts seconds showed when this process
 * began. Undefined on a runtime that does not say when that was.
 */
export function processStart(now: () => number): number | undefined {
  const startMs = performance.timeOrigin;
  if (!(startMs > 0)) return undefined;
  // A test's clock is ahead of the system's, or behind; one that rounds down is neither.
  return Math.floor(startMs / 1000) + Math.ceil(now() - Date.now() / 1000);
}

/**
 * As {@link processStart}, for what is kept in the memory of the process.
 *
 * @param what its name, in the plural
 * @throws TypeError on a runtime that does not say when the process began
 */
export function requireProcessStart(now: () => number, what: string): number {
  const start = processStart(now);
  if (start === undefined) {
    throw new TypeError(`${what} are lost with each isolate of this runtime: it needs shared stores`);
  }
  return start;
}
