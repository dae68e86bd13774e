import { expect, test } from "vitest";
import type { Run } from "../../../src/features/optimization/optimization-reducer.ts";
import { runStep, tabTitle } from "../../../src/features/optimization/run-wording.ts";

const requestId = "8c1ad0fe-0000-4000-8000-000000000000";
const unreachable = { code: "unreachable", message: "The backend cannot be reached." };

test.each<[string, Run | undefined]>([
  ["Workspace", undefined],
  ["Starting", { phase: "starting" }],
  ["Running: run 8c1ad0fe", { phase: "running", requestId }],
  ["Waiting for your consent: run 8c1ad0fe", { phase: "awaiting_consent", requestId }],
  [
    "Waiting for the resource's owner: run 8c1ad0fe",
    { phase: "awaiting_consent", requestId, consentParty: "https://access-server.localhost" },
  ],
  ["Completed: run 8c1ad0fe", { phase: "completed", requestId }],
  ["Failed: run 8c1ad0fe", { phase: "failed", requestId }],
  ["Connection lost: run 8c1ad0fe", { phase: "failed", requestId, failure: unreachable }],
])("a tab says: %s", (title, run) => {
  expect(tabTitle(run)).toBe(title);
});

test("the time of a run says how much of it was the wait for a decision", () => {
  const at = (seconds: number) => `2026-11-30T10:00:${String(seconds).padStart(2, "0")}Z`;
  const noted = (action: string, seconds: number) => ({ action, timestamp: at(seconds) });
  const took = (...activities: ReturnType<typeof noted>[]) => {
    const progress = { started_at: at(0), ended_at: at(26), activities };
    return runStep({ phase: "completed", requestId, progress } as unknown as Run);
  };
  expect(took(noted("supply_chain_optimization", 0), noted("request_signed", 1))).toBe(
    "Completed in about 26 s.",
  );
  // In any order, and more than once.
  expect(
    took(
      noted("consent_received", 20),
      noted("consent_required", 2),
      noted("consent_required", 21),
      noted("token_received", 24),
    ),
  ).toBe("Completed in about 26 s, of which 21 s waiting for a decision.");
});
