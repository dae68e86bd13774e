import { expect, test } from "vitest";
import { createWallClock } from "../../src/observe/wall-clock.ts";

test("has the fractions the system's clock lacks, and follows it when it is set", () => {
  let monotonic = 500.25;
  let system = 1_000_000;
  const now = createWallClock(
    () => Math.floor(system),
    () => monotonic,
  );
  const pass = (milliseconds: number) => {
    monotonic += milliseconds;
    system += milliseconds;
  };
  expect(now()).toBe(1_000_000);
  pass(1.5);
  expect(now()).toBe(1_000_001.5);
  pass(0.25);
  expect(now()).toBe(1_000_001.75);
  system += 60_000;
  expect(now()).toBe(1_060_001);
  system -= 120_000;
  pass(2);
  expect(now()).toBe(940_003);
});
