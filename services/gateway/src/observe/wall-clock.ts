/** Further apart than this, the system's clock was set; below it the difference is its missing fraction. */
const TOLERANCE_MS = 5;

/**
 * Unix milliseconds with fractions: a span of whole milliseconds ends before what happened inside it. Follows the system's clock when
 * that is set.
 */
export function createWallClock(
  systemMs: () => number = Date.now,
  monotonicMs: () => number = () => performance.now(),
): () => number {
  let offsetMs = systemMs() - monotonicMs();
  return () => {
    const elapsedMs = monotonicMs();
    const nowMs = systemMs();
    if (Math.abs(offsetMs + elapsedMs - nowMs) > TOLERANCE_MS) offsetMs = nowMs - elapsedMs;
    return offsetMs + elapsedMs;
  };
}
