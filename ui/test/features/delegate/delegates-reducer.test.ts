import type { Delegate, DelegateList } from "backend-api";
import { expect, test } from "vitest";
import { mayRun, outcomeOf, pageOf, standingOf } from "../../../src/features/delegate/delegate-wording.ts";
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

test("a delegate that has run keeps its place, and the others stay", () => {
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

test("a failure keeps the list and allows the next attempt", () => {
  const running = delegatesReducer({ list: LIST }, { type: "started", sub: "a", action: "run" });
  expect(delegatesReducer(running, { type: "failed", failure: FAILURE, action: "run" })).toEqual({
    list: LIST,
    failure: FAILURE,
    failed: "run",
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

test("a list that cannot be read again says of no delegate that it runs", () => {
  const stale = delegatesReducer({ list: LIST }, { type: "failed", failure: FAILURE });
  expect(stale).toEqual({ list: LIST, failure: FAILURE, isStale: true });
  expect(standingOf(delegate("a"))).toContain("Ready");
  expect(standingOf(delegate("a"), stale.isStale)).not.toContain("Ready");
  expect(delegatesReducer(stale, { type: "listed", list: LIST })).toEqual({ list: LIST });
});

test("a list that is read during a run leaves it running", () => {
  const running = delegatesReducer({ list: LIST }, { type: "started", sub: "a", action: "run" });
  expect(delegatesReducer(running, { type: "listed", list: LIST })).toEqual(running);
});

test("a delegate that does not run says how it is started, one without an address that it cannot be", () => {
  expect(standingOf(delegate("a", { process: "absent" }))).toContain("--only delegate-agent");
  expect(standingOf(delegate("a", { process: "unknown" }))).toContain("cannot be run");
});

test("names the failed action if it was not a call", () => {
  const ended = { type: "failed", failure: FAILURE, action: "end" } as const;
  expect(delegatesReducer({ list: LIST }, ended)).toEqual({ list: LIST, failure: FAILURE, failed: "end" });
});

test("a sub-agent says whether it has ended, and until when its token is valid although it has", () => {
  const of = (sub_agent: Partial<NonNullable<Delegate["sub_agent"]>>) =>
    delegate("a", { sub_agent: { id: "a+b", parent: "a", state: "started", ...sub_agent } });
  const good_until = "2026-02-01T11:00:00.000Z";
  expect(standingOf(of({}))).toMatch(/^Ready/);
  expect(standingOf(of({ state: "ended" }))).toContain("its existing tokens are revoked");
  expect(standingOf(of({ state: "ended", good_until }))).toMatch(/no party accepts a revocation: .* until/);
  expect(standingOf(of({ state: "ending", good_until }))).toMatch(/did not accept .* End it again/);
  expect(
    [{}, { state: "ended" }, { state: "ending", good_until }, { state: "ended", good_until }].map((it) =>
      mayRun(of(it as object)),
    ),
  ).toEqual([true, false, true, false]);
  expect(mayRun(delegate("a", { process: "absent" }))).toBe(false);
});

test("a page to decide at is opened for http addresses alone", () => {
  const at = (interaction_url: string) =>
    pageOf(delegate("a", { sub_agent: { id: "a+b", parent: "a", state: "started", interaction_url } }))?.href;
  expect(at("http://localhost:8080/interaction?code=A")).toBe("http://localhost:8080/interaction?code=A");
  expect([at("javascript:alert(1)"), at("x"), pageOf(delegate("a"))]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  const last_run = {
    ...RUN,
    status: "failed" as const,
    failure: { code: "interaction_required", message: "x" },
  };
  expect(outcomeOf(delegate("a", { last_run }))).toMatch(/^Stopped at .* needs your decision\.$/);
});
