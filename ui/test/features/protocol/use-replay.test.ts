import { expect, test } from "vitest";
import { stopTime } from "../../../src/features/protocol/use-replay.ts";

test("a replay takes 11 s, and no longer than 1.5 s for a message", () => {
  expect(stopTime(20) * 20).toBe(11_000);
  expect(stopTime(2)).toBe(1500);
});
