import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../run-program.ts";
import type { VitestReport } from "../test-report.ts";

/** What became of the tests of one file, by full name. */
export interface TestOutcome {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** Of vitest itself, for when it says nothing of tests. */
  readonly output: string;
}

/** A test that waits for what no longer happens must not hold up the others. */
const TEST_LIMIT_MS = 40_000;
const RUN_LIMIT_MS = 300_000;

/** Runs the tests of one file in a tree, those whose name has `name` in it, or all. */
export async function runTests(root: string, file: string, name?: string): Promise<TestOutcome> {
  const report = join(root, "holes-report.json");
  await rm(report, { force: true });
  const { output } = await runProgram(
    process.execPath,
    [
      join(root, "node_modules/vitest/vitest.mjs"),
      ...["run", file, "--reporter=json", `--outputFile.json=${report}`, `--testTimeout=${TEST_LIMIT_MS}`],
      ...(name === undefined ? [] : ["-t", name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")]),
    ],
    { output: "caught", cwd: root, limitMs: RUN_LIMIT_MS, env: { NO_COLOR: "1" } },
  );
  const text = await readFile(report, "utf8").catch(() => undefined);
  const results = text === undefined ? [] : (JSON.parse(text) as VitestReport).testResults;
  const tests = results.flatMap(({ assertionResults }) => assertionResults);
  const named = (status: string) =>
    tests.filter((test) => test.status === status).map(({ fullName }) => fullName);
  return { passed: named("passed"), failed: named("failed"), output };
}
