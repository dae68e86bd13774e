/** A clock that advances only on request. Pass `now` to everything that needs a clock. */
export interface TestClock {
  /** Unix seconds. */
  readonly now: () => number;
  /** Advances the clock by seconds. */
  advance(seconds: number): void;
}

/**
 * Creates a clock that starts at `startSeconds`, by default the time of the protocol's test
 * vectors.
 *
 * @example
 * const clock = createTestClock();
 * clock.advance(61);
 */
export function createTestClock(startSeconds = 1_730_217_600): TestClock {
  let seconds = startSeconds;
  return {
    now: () => seconds,
    advance(by) {
      seconds += by;
    },
  };
}
