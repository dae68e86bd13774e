import { expect, test, vi } from "vitest";
import { runVitestPart } from "../../scripts/run-vitest.ts";
import { countVitest, type PartResult, summaryText, type VitestReport } from "../../scripts/test-report.ts";

function report(statuses: Record<string, string>, file = "passed"): VitestReport {
  const values = Object.values(statuses);
  return {
    numPassedTests: values.filter((status) => status === "passed").length,
    numPendingTests: values.filter((status) => status === "skipped").length,
    numTodoTests: 0,
    testResults: [
      {
        name: "a.test.ts",
        status: file,
        assertionResults: Object.entries(statuses).map(([fullName, status]) => ({ fullName, status })),
      },
    ],
  };
}

const part = (failures: string[], more: Partial<PartResult> = {}): PartResult => ({
  part: "unit",
  passed: 3,
  skipped: 0,
  failures,
  tookMs: 0,
  ...more,
});

test("counts tests by name", () => {
  const counted = countVitest("unit", report({ a: "passed", b: "failed", c: "skipped" }, "failed"), 1, 5);
  expect(counted).toEqual({ part: "unit", passed: 1, skipped: 1, failures: ["b"], tookMs: 5 });
});

test("a file without a test that ran is named", () => {
  expect(countVitest("unit", report({ a: "skipped", b: "pending" }), 0, 0)).toMatchObject({
    notes: ["Not run: a.test.ts, 2 tests"],
    failures: ["every test was skipped"],
  });
  expect(countVitest("unit", report({ a: "skipped", b: "passed" }), 0, 0).notes).toBeUndefined();
});

test("a file that cannot be loaded is a failure", () => {
  expect(countVitest("unit", report({}, "failed"), 1, 0).failures).toEqual(["a.test.ts could not be run"]);
});

test("a run that fails without a failed test is a failure", () => {
  expect(countVitest("unit", report({ a: "passed" }), 1, 0).failures).toHaveLength(1);
});

test("a run without a report is a failure", () => {
  expect(countVitest("unit", undefined, 139, 0).failures).toEqual([
    "vitest ended with status 139 and left no report",
  ]);
});

test.each([
  [[part([])], "3 passed, 0 failed"],
  [[part(["x"]), part([], { skipped: 2 })], "6 passed, 1 failed, 2 skipped"],
])("the last line is the one that CI reads", (results, line) => {
  expect(summaryText(results).trimEnd().split("\n").at(-1)).toBe(line);
});

test("the summary tells a part that was skipped, and why, from one that passed", () => {
  const skipped = part([], { passed: 0, skipped: 1, skippedBecause: "no such program" });
  const [, , first, second] = summaryText([part([]), skipped]).split("\n");
  expect(first).toMatch(/^ {2}ok +unit {2}3 passed/);
  expect(second).toMatch(/^ {2}skipped {2}unit {2}no such program {2}/);
});

test("a part without its program is skipped by name, and fails in CI", async () => {
  const part = { tests: [], prepare: async () => "no such program" };
  vi.stubEnv("CI", "");
  expect(await runVitestPart("jaeger", part)).toMatchObject({
    skipped: 1,
    failures: [],
    skippedBecause: "no such program",
  });
  vi.stubEnv("CI", "1");
  expect(await runVitestPart("jaeger", part)).toMatchObject({
    skipped: 0,
    failures: ["nothing ran: no such program"],
  });
  vi.unstubAllEnvs();
});
