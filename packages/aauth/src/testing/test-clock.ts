/** A clock that only moves on request. Pass `now` to everything that takes one. */
export interface TestClock {
  /** Unix seconds. */
  readonly now: () => number;
  /** Moves it on, seconds. */
  advance(seconds: number): void;
}

/**
 * Creates a clock that stands at `startSeconds`, by default the moment of the protocol's known
 * answers.
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
