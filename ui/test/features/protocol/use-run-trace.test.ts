import type { RunTrace } from "backend-api";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiFailure } from "../../../src/api/api-failure.ts";
import {
  POLL_INTERVAL_MS,
  pollRunTrace,
  type RunTraceState,
} from "../../../src/features/protocol/use-run-trace.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const answer = (more: Partial<RunTrace> = {}): RunTrace => ({
  request_id: "1",
  trace_ids: [],
  traces: [],
  explorer_url: "http://localhost:16686",
  finished: false,
  growing: true,
  ...more,
});

/** A backend with scripted answers, one function for each question; the last one repeats. */
function polling(...script: (() => RunTrace)[]) {
  let state: RunTraceState = {};
  const seen = { asked: 0, signals: [] as AbortSignal[], state: () => state };
  const stop = pollRunTrace(
    async (signal) => {
      seen.signals.push(signal);
      const next = script[Math.min(seen.asked, script.length - 1)];
      seen.asked += 1;
      return next!();
    },
    (change) => {
      state = change(state);
    },
  );
  return { ...seen, seen, stop };
}

const fail = (error: Error) => () => {
  throw error;
};
const pass = (times: number) => vi.advanceTimersByTimeAsync(POLL_INTERVAL_MS * times);

test("is read again while it grows, and no more after that", async () => {
  const { seen } = polling(answer, answer, () => answer({ finished: true, growing: false }));
  await pass(0);
  expect(seen.asked).toBe(1);
  expect(seen.state().run?.messages).toEqual([]);
  expect(seen.state().trace?.finished).toBe(false);
  await pass(2);
  expect(seen.asked).toBe(3);
  expect(seen.state().trace?.finished).toBe(true);
  await pass(5);
  expect(seen.asked).toBe(3);
});

test("an ended run is complete once a read brings no more spans", async () => {
  const { seen } = polling(answer, () => answer({ finished: true }));
  await pass(0);
  expect(seen.state().isStill).toBe(false);
  await pass(1);
  expect(seen.state().isStill).toBe(true);
  const { seen: first } = polling(() => answer({ finished: true }));
  await pass(0);
  expect(first.state().isStill).toBe(false);
});

test("a temporary failure keeps the messages, and is cleared by the next answer", async () => {
  const broken = fail(new ApiFailure("refused", "The backend refused: no", { status: 502 }));
  const { seen } = polling(answer, broken, answer);
  await pass(1);
  expect(seen.state().failure?.message).toContain("no");
  expect(seen.state().trace).toBeDefined();
  await pass(1);
  expect(seen.state().failure).toBeUndefined();
});

test("a missing trace does not reappear", async () => {
  const { seen } = polling(fail(new ApiFailure("refused", "No such optimization", { status: 404 })));
  await pass(5);
  expect(seen.asked).toBe(1);
  expect(seen.state().failure).toBeDefined();
});

test("an ended session ends it", async () => {
  const { seen } = polling(fail(new ApiFailure("session_lapsed", "ended")));
  await pass(5);
  expect(seen.asked).toBe(1);
  expect(seen.state().failure).toBeUndefined();
});

test("a stopped poll reports no further result", async () => {
  const { seen, stop } = polling(answer);
  stop();
  await pass(5);
  expect(seen.asked).toBe(1);
  expect(seen.signals[0]?.aborted).toBe(true);
  expect(seen.state()).toEqual({});
});
