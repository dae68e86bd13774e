import { expect, test, vi } from "vitest";
import { combineObservers } from "../src/agent/events.ts";
import { harmless } from "../src/harmless.ts";

const full = new Error("the log is full");

test("an observer that throws or rejects changes nothing, and its error is reported", async () => {
  const failed = vi.fn();
  const throwing = () => {
    throw full;
  };
  for (const observer of [throwing, () => Promise.reject(full)]) harmless(observer, failed)();
  await Promise.resolve();
  expect(failed.mock.calls).toEqual([[full], [full]]);
});

test("observers of an agent that reject leave the others their events", async () => {
  const seen = vi.fn();
  combineObservers(
    () => Promise.reject(full),
    seen,
  )({ type: "session_received", resource: "https://a.example" });
  await new Promise(setImmediate);
  expect(seen).toHaveBeenCalledOnce();
});
