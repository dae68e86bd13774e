import { rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { runProgram } from "../run-program.ts";
import { readReport } from "../run-vitest.ts";
import type { PartResult } from "../test-report.ts";
import type { Mutation } from "./marked-checks.ts";
import { copyTree, GIT_OF_COPY, type TreeCopy } from "./tree-copy.ts";

/** A run of vitest. */
interface Outcome {
  readonly passed: readonly string[];
  readonly failed: readonly { readonly file: string; readonly test: string }[];
  /** Vitest's own output, in case it reports no tests. */
  readonly output: string;
}

/** Ignored by git, so that it is not a change. */
const REPORT = "test-results/mutation.json";
const LAST_WORDS_CHARACTERS = 600;
/** Ends a test that waits for an event that no longer occurs. */
const TEST_LIMIT_MS = 40_000;
const RUN_LIMIT_MS = 600_000;
const SUMMARY_CHARACTERS = 64;
/** Share of the sampled checks that must be noticed; of the marked ones, all. */
const SAMPLED_SHARE = 19 / 20;

/**
 * Judges mutations in a copy of the checkout, one after the other, prints a line for each, and
 * counts those that a test noticed.
 */
export async function judgeMutations(
  mutations: readonly Mutation[],
  part = "holes",
): Promise<readonly PartResult[]> {
  const startedAt = performance.now();
  const copy = await copyTree(REPOSITORY_ROOT);
  // Covers an interrupted run, too.
  process.once("exit", copy.remove);
  const untouched = new Map<string, Promise<Outcome>>();
  const runUntouched = (file: string) => {
    const outcome = untouched.get(file) ?? runTests(copy.root, ["run", file]);
    untouched.set(file, outcome);
    return outcome;
  };
  const width = Math.max(...mutations.map(({ id }) => id.length));
  const misses: Mutation[] = [];
  for (const mutation of mutations) {
    const { id, without, runs } = mutation;
    const before = performance.now();
    const verdict = await verdictOn(mutation, copy, runUntouched);
    const seconds = Math.round((performance.now() - before) / 1000);
    const summary = without.slice(0, SUMMARY_CHARACTERS).padEnd(SUMMARY_CHARACTERS);
    const mark = verdict === undefined ? "ok  " : "FAIL";
    console.log(`${mark}  ${id.padEnd(width)} ${summary} ${`${seconds} s`.padStart(6)}`);
    if (verdict === undefined) continue;
    console.log(`      ${verdict}: vitest ${runs.at(-1)?.join(" ")}`);
    misses.push(mutation);
  }
  const isSampled = ({ id }: Mutation) => id.includes(":");
  const sampled = mutations.filter(isSampled).length;
  const isEnough = misses.filter(isSampled).length <= sampled * (1 - SAMPLED_SHARE);
  const told = (which: readonly Mutation[]) =>
    which.map(({ id, without }) => `No test notices: ${id}: ${without}`);
  return [
    {
      part,
      passed: mutations.length - misses.length,
      skipped: 0,
      failures: told(misses.filter((miss) => !(isEnough && isSampled(miss)))),
      notes: told(misses.filter((miss) => isEnough && isSampled(miss))),
      tookMs: performance.now() - startedAt,
    },
  ];
}

/**
 * Undefined if a test noticed, else the reason why none did.
 *
 * @param untouched runs the tests of a file in the unchanged tree
 */
async function verdictOn(
  { edits, runs, rows }: Mutation,
  copy: TreeCopy,
  untouched: (file: string) => Promise<Outcome>,
): Promise<string | undefined> {
  let verdict = "there are no tests";
  for (const args of runs) {
    const undo = await copy.edit(edits);
    const outcome = await runTests(copy.root, args).finally(undo);
    if (rows !== undefined) return rowsProblem(outcome, rows);
    if (await isNoticed(outcome, untouched)) return undefined;
    const { passed, failed, output } = outcome;
    if (failed.length > 0)
      verdict = `it fails without any change: ${failed.map(({ test }) => test).join("; ")}`;
    else if (passed.length > 0) verdict = "no test noticed";
    else verdict = `no test was run: ${output.slice(-LAST_WORDS_CHARACTERS)}`;
  }
  return verdict;
}

/** Problem of a mutation that one of these rows misses, or that fails a row that accepts. */
export function rowsProblem(
  { failed }: Pick<Outcome, "failed">,
  rows: readonly string[],
): string | undefined {
  const missed = rows.filter((row) => !failed.some(({ test }) => test.includes(`${row} refuse: `)));
  if (missed.length > 0) return `${missed.join(", ")} did not notice`;
  const wrong = failed.find(({ test }) => test.includes(" accept: "));
  return wrong && `an accepting check fails: ${wrong.test}`;
}

/** Whether a test failed that passes in the unchanged tree. */
export async function isNoticed(
  { failed }: Pick<Outcome, "failed">,
  untouched: (file: string) => Promise<Pick<Outcome, "passed">>,
): Promise<boolean> {
  for (const { file, test } of failed) if ((await untouched(file)).passed.includes(test)) return true;
  return false;
}

/** Runs vitest in a tree, with the arguments that select tests. */
async function runTests(root: string, args: readonly string[]): Promise<Outcome> {
  const report = join(root, REPORT);
  await rm(report, { force: true });
  const { output } = await runProgram(
    process.execPath,
    [
      join(root, "node_modules/vitest/vitest.mjs"),
      ...args,
      "--reporter=json",
      `--outputFile.json=${report}`,
      `--testTimeout=${TEST_LIMIT_MS}`,
    ],
    { output: "caught", cwd: root, limitMs: RUN_LIMIT_MS, env: { ...GIT_OF_COPY, NO_COLOR: "1" } },
  );
  const { testResults: results } = (await readReport(report)) ?? { testResults: [] };
  const tests = results.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status }) => ({ file: relative(root, name), test: fullName, status })),
  );
  return {
    passed: tests.filter(({ status }) => status === "passed").map(({ test }) => test),
    failed: tests.filter(({ status }) => status === "failed"),
    output,
  };
}
