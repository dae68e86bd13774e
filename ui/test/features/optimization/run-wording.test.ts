import { expect, test } from "vitest";
import type { Run } from "../../../src/features/optimization/optimization-reducer.ts";
import { tabTitle } from "../../../src/features/optimization/run-wording.ts";

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
