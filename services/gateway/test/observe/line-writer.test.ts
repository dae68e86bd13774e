import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { lineWriter } from "../../src/observe/line-writer.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("lines go out together, a hundredth of a second later", () => {
  const written: string[] = [];
  const { write } = lineWriter({ write: (text) => written.push(text) });
  write("one");
  write("two");
  vi.advanceTimersByTime(9);
  expect(written).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(written).toEqual(["one\ntwo\n"]);
  write("three");
  vi.advanceTimersByTime(10);
  expect(written).toEqual(["one\ntwo\n", "three\n"]);
});

test("many lines do not wait, and the end waits for nothing", () => {
  const written: string[] = [];
  const { write, flush } = lineWriter({ write: (text) => written.push(text) });
  write("x".repeat(70_000));
  expect(written.map(({ length }) => length)).toEqual([70_001]);
  write("last");
  flush();
  flush();
  vi.runAllTimers();
  expect(written.slice(1)).toEqual(["last\n"]);
});
