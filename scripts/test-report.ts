import { relative } from "node:path";

/** Result of one part of a test run. */
export interface PartResult {
  readonly part: string;
  readonly passed: number;
  readonly skipped: number;
  /** Name of each failed check or test. */
  readonly failures: readonly string[];
  /** Reason why the part as a whole was skipped. */
  readonly skippedBecause?: string;
  /** Files whose tests were all skipped. */
  readonly notes?: readonly string[];
  readonly tookMs: number;
}

/** Members of vitest's JSON report that are read. */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/**
 * Counts a vitest run. A file that could not be loaded counts as one failure, and so does a run
 * that failed without a failed test (an error outside every test, a crash), or in which every test
 * was skipped.
 */
export function countVitest(
  part: string,
  report: VitestReport | undefined,
  status: number,
  tookMs: number,
): PartResult {
  if (report === undefined) {
    return {
      part,
      passed: 0,
      skipped: 0,
      failures: [`vitest ended with status ${status} and left no report`],
      tookMs,
    };
  }
  const failures = report.testResults.flatMap((file) => {
    const failed = file.assertionResults
      .filter((test) => test.status === "failed")
      .map((test) => test.fullName);
    return file.status === "failed" && failed.length === 0 ? [`${file.name} could not be run`] : failed;
  });
  if (status !== 0 && failures.length === 0)
    failures.push("an error outside every test; see vitest's output above");
  if (report.numPassedTests === 0 && failures.length === 0) failures.push("every test was skipped");
  const notes = report.testResults
    .filter(({ assertionResults: tests }) => tests.length > 0 && tests.every(wasSkipped))
    .map(({ name, assertionResults }) => `Not run: ${relative(".", name)}, ${assertionResults.length} tests`);
  return {
    part,
    passed: report.numPassedTests,
    skipped: report.numPendingTests + report.numTodoTests,
    failures,
    ...(notes.length > 0 && { notes }),
    tookMs,
  };
}

/**
 * The end of the test run: a line a part, the failures by name, and as the very last line
 * `N passed, N failed[, N skipped]`, which is what CI reads.
 */
export function summaryText(results: readonly PartResult[]): string {
  const width = Math.max(...results.map(({ part }) => part.length));
  const parts = results.map(({ part, passed, failures, skipped, skippedBecause, tookMs }) => {
    const verdict = failures.length > 0 ? "FAIL" : skippedBecause === undefined ? "ok" : "skipped";
    const what = skippedBecause ?? countsText(passed, failures.length, skipped);
    return `  ${verdict.padEnd("skipped".length)}  ${part.padEnd(width)}  ${what}  (${(tookMs / 1000).toFixed(1)} s)`;
  });
  const notes = results.flatMap(({ notes = [] }) => notes);
  const failures = results.flatMap(({ part, failures }) =>
    failures.map((failure) => `  ${part}: ${failure}`),
  );
  const sum = (of: (result: PartResult) => number) =>
    results.reduce((total, result) => total + of(result), 0);
  return [
    "",
    "Summary",
    ...parts,
    ...(notes.length > 0 ? ["", ...notes] : []),
    ...(failures.length > 0 ? ["", "Failed:", ...failures] : []),
    "",
    countsText(
      sum(({ passed }) => passed),
      sum(({ failures }) => failures.length),
      sum(({ skipped }) => skipped),
    ),
    "",
  ].join("\n");
}

function wasSkipped({ status }: { readonly status: string }): boolean {
  return status === "skipped" || status === "pending";
}

function countsText(passed: number, failed: number, skipped: number): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
