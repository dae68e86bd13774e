import type { Delegate, DelegateList } from "backend-api";
import { expect, test } from "vitest";
import { standingOf } from "../../../src/features/delegate/delegate-wording.ts";
import { delegatesReducer } from "../../../src/features/delegate/delegates-reducer.ts";

const RUN: NonNullable<Delegate["last_run"]> = {
  started_at: "2026-02-01T10:00:00.000Z",
  ended_at: "2026-02-01T10:00:01.000Z",
  status: "completed",
  prompt: "p",
  steps: [],
};
const delegate = (sub: string, more: Partial<Delegate> = {}): Delegate => ({
  sub,
  name: sub,
  agent_token: null,
  process: "running",
  last_run: null,
  ...more,
});
const LIST: DelegateList = { agent: "http://backend", delegates: [delegate("a"), delegate("b")] };
const FAILURE = { code: "http_502", message: "The delegate does not answer" };

test("a delegate that has worked takes its own place, the others stay", () => {
  const running = delegatesReducer(
    { list: LIST, failure: FAILURE },
    { type: "started", sub: "b", action: "run" },
  );
  expect(running).toEqual({ list: LIST, running: { sub: "b", action: "run" } });
  const worked = delegate("b", { last_run: RUN });
  expect(delegatesReducer(running, { type: "ended", delegate: worked })).toEqual({
    list: { ...LIST, delegates: [LIST.delegates[0], worked] },
  });
});

test("a failure keeps the list and lets the next try begin", () => {
  const running = delegatesReducer({ list: LIST }, { type: "started", sub: "a", action: "run" });
  expect(delegatesReducer(running, { type: "failed", failure: FAILURE })).toEqual({
    list: LIST,
    failure: FAILURE,
  });
  expect(delegatesReducer({}, { type: "failed", failure: FAILURE })).toEqual({ failure: FAILURE });
  expect(delegatesReducer({}, { type: "listed", list: LIST })).toEqual({ list: LIST });
  expect(delegatesReducer({}, { type: "ended", delegate: delegate("a") })).toEqual({});
});

test("a list that could not be read is requested again", () => {
  const failed = delegatesReducer({}, { type: "failed", failure: FAILURE });
  const asked = delegatesReducer(failed, { type: "asked_again" });
  expect(asked).toEqual({ failure: FAILURE, isAskedAgain: true });
  expect(delegatesReducer(asked, { type: "failed", failure: FAILURE })).toEqual(failed);
  expect(delegatesReducer(asked, { type: "listed", list: LIST })).toEqual({ list: LIST });
});

test("a delegate that does not run says how it is started, one without an address that it cannot be", () => {
  expect(standingOf(delegate("a", { process: "absent" }))).toContain("npm run delegate");
  expect(standingOf(delegate("a", { process: "unknown" }))).toContain("cannot be started");
});
