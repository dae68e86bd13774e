import { expect, test } from "vitest";
import { parseGoDuration } from "../../src/query/go-duration.ts";

test.each([
  ["0", 0],
  ["100us", 100],
  ["100µs", 100],
  ["100μs", 100],
  ["1.5ms", 1500],
  ["1500ns", 1.5],
  ["1.2s", 1_200_000],
  ["1h30m", 5_400_000_000],
])("%s", (text, microseconds) => {
  expect(parseGoDuration(text)).toBeCloseTo(microseconds, 6);
});

test.each(["", "5", "1d", "-1s", "s", "1 s", "1.s", ".5s", "1ms2", "1msx", "1e3s"])(
  "'%s' is none",
  (text) => {
    expect(parseGoDuration(text)).toBeUndefined();
  },
);
