import type { Progress } from "backend-api";
import { describe, expect, it } from "vitest";
import { defaultDraft } from "../../../src/features/optimization/draft.ts";
import {
  belongsToOtherUser,
  isBusy,
  type OptimizationAction,
  type OptimizationState,
  optimizationReducer,
  type Run,
  reportOf,
} from "../../../src/features/optimization/optimization-reducer.ts";
import { failureTitle, runStep, runTitle } from "../../../src/features/optimization/run-wording.ts";
import { activity, progress, results } from "./progress-sample.ts";

const idle: OptimizationState = { draft: defaultDraft, run: undefined, history: [] };

function after(...actions: OptimizationAction[]): OptimizationState {
  return actions.reduce(optimizationReducer, idle);
}

const started: OptimizationAction[] = [
  { type: "run_started", prompt: "p" },
  { type: "run_accepted", requestId: "run-1" },
];

describe("draft actions", () => {
  it("adds, changes and removes constraints without mixing up rows", () => {
    const { draft } = after(
      { type: "constraint_removed", id: 2 },
      { type: "constraint_added" },
      { type: "constraint_changed", id: 4, change: { name: "region" } },
      { type: "constraint_changed", id: 4, change: { value: "EU" } },
    );
    expect(draft.constraints.map(({ id, name }) => [id, name])).toEqual([
      [1, "budget_limit"],
      [3, "quality_requirement"],
      [4, "region"],
    ]);
    expect(draft.constraints[2]?.value).toBe("EU");
    expect(defaultDraft.constraints).toHaveLength(3);
  });

  it("give the first row of an emptied list an id", () => {
    const removals = [1, 2, 3].map((id): OptimizationAction => ({ type: "constraint_removed", id }));
    expect(after(...removals, { type: "constraint_added" }).draft.constraints).toEqual([
      { id: 1, name: "", value: "" },
    ]);
  });
});

describe("a run", () => {
  it("goes from starting through running to completed, with its results", () => {
    expect(after(started[0] as OptimizationAction).run).toEqual({ phase: "starting", prompt: "p" });
    const { run } = after(
      ...started,
      { type: "progress_received", progress: progress({ status: "completed" }) },
      { type: "results_received", results: results() },
    );
    expect(run).toMatchObject({ phase: "completed", prompt: "p", requestId: "run-1", results: results() });
  });

  it("ignores results of another run", () => {
    const stale = progress({ request_id: "run-0", status: "completed" });
    const { run } = after(
      ...started,
      { type: "progress_received", progress: stale },
      { type: "results_received", results: results({ request_id: "run-0" }) },
    );
    expect(run).toEqual({ phase: "running", prompt: "p", requestId: "run-1" });
    expect(after({ type: "progress_received", progress: progress() }).run).toBeUndefined();
  });

  it("takes its prompt from the backend if the page does not know it", () => {
    const told: OptimizationAction = {
      type: "progress_received",
      progress: progress({ prompt: "of the run" }),
    };
    const opened: OptimizationAction = { type: "run_opened", requestId: "run-1" };
    expect(after(opened).run?.prompt).toBeUndefined();
    expect(after(opened, told).run?.prompt).toBe("of the run");
    expect(after(...started, told).run?.prompt).toBe("p");
    for (const progressWithout of [progress(), progress({ prompt: "" })])
      expect(after(opened, { type: "progress_received", progress: progressWithout }).run).not.toHaveProperty(
        "prompt",
      );
    const failed: OptimizationAction = { type: "run_failed", failure: { message: "no" } };
    expect(after(opened, failed, told).run?.prompt).toBe("of the run");
  });

  it("belongs to another user where that user has consented and the backend does not show it", () => {
    const failure = { code: "wrong_user", message: "no" };
    const refused: OptimizationAction[] = [
      { type: "run_opened", requestId: "run-1" },
      { type: "run_failed", failure },
    ];
    expect(belongsToOtherUser(after(...refused).run as Run)).toBe(true);
    const { run } = after(...refused, { type: "progress_received", progress: progress() });
    expect(belongsToOtherUser(run as Run)).toBe(false);
    expect(belongsToOtherUser({ phase: "failed", failure: { message: "no" } })).toBe(false);
  });

  it("takes the backend's failure, or its last words without one", () => {
    const failure = { message: "no", code: "invalid_scope" };
    const told = after(...started, {
      type: "progress_received",
      progress: progress({ status: "failed", failure }),
    });
    expect(told.run).toMatchObject({ phase: "failed", failure });
    const untold = progress({ status: "failed", current_step: "Error: no" });
    expect(after(...started, { type: "progress_received", progress: untold }).run?.failure).toEqual({
      message: "Error: no",
    });
  });

  it("keeps the failure the page met itself when progress comes in later", () => {
    const failure = { message: "You did not allow it", code: "access_denied" };
    const { run } = after(
      ...started,
      { type: "run_failed", failure },
      { type: "progress_received", progress: progress({ status: "failed", failure: { message: "denied" } }) },
    );
    expect(run).toMatchObject({ phase: "failed", failure });
    expect(run?.progress).toBeDefined();
  });

  it("offers the consent page only while the run waits for consent", () => {
    const waiting = progress({ status: "awaiting_consent", consent_url: "http://as.test/c" });
    const asked = after(...started, { type: "progress_received", progress: waiting });
    expect(asked.run).toMatchObject({ phase: "awaiting_consent", consentUrl: "http://as.test/c" });
    const answered = optimizationReducer(asked, { type: "progress_received", progress: progress() });
    expect(answered.run).not.toHaveProperty("consentUrl");
  });

  it("starts over without anything of the previous run", () => {
    const failed: OptimizationAction = { type: "run_failed", failure: { message: "x" }, requestId: "run-1" };
    expect(after(...started, failed, { type: "run_started", prompt: "q" }).run).toEqual({
      phase: "starting",
      prompt: "q",
    });
    expect(after(...started, failed, { type: "run_opened", requestId: "run-2" }).run).toEqual({
      phase: "running",
      requestId: "run-2",
    });
  });

  it("is busy only while something is in progress", () => {
    const phases = ["starting", "running", "awaiting_consent", "completed", "failed"] as const;
    expect(phases.filter((phase) => isBusy({ phase }))).toEqual(["starting", "running"]);
    expect(isBusy(undefined)).toBe(false);
  });
});

describe("reportOf", () => {
  const report = activity({ status: "completed", details: "# Report" });
  const signed = activity({ id: 2, action: "request_signed", status: "completed" });

  it("is the agent's report once it is there", () => {
    const run: Run = { phase: "running", progress: progress({ activities: [activity(), signed] }) };
    expect(reportOf(run)).toBeUndefined();
    expect(reportOf({ ...run, progress: progress({ activities: [report, signed] }) })).toBe(report);
  });
});

describe("the words for a run", () => {
  const failed: Run = { phase: "failed", requestId: "run-1", failure: { message: "no", code: "denied" } };

  it("always call a failed run failed", () => {
    expect([runTitle(failed), failureTitle(failed)]).toEqual(["Failed", "The run failed"]);
  });

  it("do not call a denied run failed", () => {
    const denied: Run = { ...failed, failure: { message: "no", code: "denied", check: "consent" } };
    expect(runTitle(denied)).toBe("Not allowed");
  });

  it("do not call a run failed that the page has lost sight of", () => {
    const lost: Run = { ...failed, failure: { message: "no", code: "unreachable" } };
    expect([runTitle(lost), failureTitle(lost)]).toEqual(["Connection lost", "The run cannot be followed"]);
    const known = { ...lost, progress: progress({ status: "failed" }) };
    expect(runTitle(known)).toBe("Failed");
    const { requestId: _none, ...neverStarted } = lost;
    expect(runTitle(neverStarted)).toBe("Failed");
  });
});

describe("runStep", () => {
  it("says how long a completed run took", () => {
    const step = (change: Partial<Progress>) =>
      runStep({ phase: "completed", progress: progress({ started_at: "2026-02-01T10:00:00Z", ...change }) });
    expect(step({ ended_at: "2026-02-01T10:00:03Z" })).toBe("Completed in about 3 s.");
    expect(step({ ended_at: "2026-02-01T10:00:00.042Z" })).toBe("Completed in under a second.");
    expect(step({})).toBeUndefined();
    expect(runStep({ phase: "completed", progress: progress() })).toBeUndefined();
  });
});

describe("the history", () => {
  const failure = { message: "The backend cannot be reached." };

  it("is removed with the run on the page when it is cleared", () => {
    const cleared = after(
      { type: "history_received", history: [progress()] },
      { type: "run_opened", requestId: "run-1" },
      { type: "clear_failed", failure },
      { type: "history_cleared" },
    );
    expect(cleared).toEqual(idle);
  });

  it("stays if it could not be cleared, and reports that until the next update", () => {
    const listed: OptimizationAction = { type: "history_received", history: [progress()] };
    const failed = after(listed, { type: "clear_failed", failure });
    expect(failed).toMatchObject({ history: [progress()], clearFailure: failure });
    expect(optimizationReducer(failed, listed)).not.toHaveProperty("clearFailure");
  });
});
