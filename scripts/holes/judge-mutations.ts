import { rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { runProgram } from "../run-program.ts";
import { readReport } from "../run-vitest.ts";
import { type Mutation, runOf } from "./mutation.ts";
import { GIT_OF_COPY, type TreeCopy } from "./tree-copy.ts";

/** Outcome of removing one check: `noticed`, or the reason why not. */
export interface Judgement {
  readonly mutation: Mutation;
  readonly verdict: "noticed" | (string & {});
  readonly seconds: number;
}

/**
 * Evidence that a removed check was noticed: a failed test only, or also a file that cannot be run
 * and a run that exceeds its time.
 */
export type Notice = "failed test" | "failed run";

/** A run of vitest. */
interface Outcome {
  readonly passed: readonly string[];
  readonly failed: readonly { readonly file: string; readonly test: string }[];
  /** Files whose tests could not be started, with the reason. */
  readonly broken: readonly { readonly file: string; readonly message: string }[];
  readonly isOutOfTime: boolean;
  /** Vitest's own output, in case it reports no tests. */
  readonly output: string;
}

/** Ignored by git, so that it is not a change. */
const REPORT = "test-results/mutation.json";
const LAST_WORDS_CHARACTERS = 600;
/** Ends a test that waits for an event that no longer occurs. */
const TEST_LIMIT_MS = 40_000;
const RUN_LIMIT_MS = 600_000;
const OUT_OF_TIME = 124;
/** Errors of a tree that does not parse, which proves nothing about its tests. */
const IS_UNPARSED = /parse_error|transform failed|SyntaxError/i;

/** Judges mutations one after the other. */
export async function* verdictsOn(
  mutations: readonly Mutation[],
  copy: TreeCopy,
  notice: Notice,
): AsyncGenerator<Judgement> {
  const untouched = new Map<string, Promise<Outcome>>();
  for (const mutation of mutations) {
    const startedAt = performance.now();
    const verdict = await verdictOn(mutation, copy, notice, (file) => {
      const outcome = untouched.get(file) ?? runTests(copy.root, runOf(file));
      untouched.set(file, outcome);
      return outcome;
    });
    yield { mutation, verdict, seconds: Math.round((performance.now() - startedAt) / 1000) };
  }
}

/** @param untouched runs the tests of a file in the unchanged tree */
async function verdictOn(
  { edits, runs }: Mutation,
  copy: TreeCopy,
  notice: Notice,
  untouched: (file: string) => Promise<Outcome>,
): Promise<string> {
  let verdict = "there are no tests";
  for (const args of runs) {
    let undo: () => Promise<void>;
    try {
      undo = await copy.edit(edits);
    } catch (error) {
      return `the table no longer fits the code: ${(error as Error).message}`;
    }
    const outcome = await runTests(copy.root, args).finally(undo);
    const ofRun = await verdictOnRun(outcome, notice, untouched);
    if (ofRun !== undefined) return ofRun;
    const { passed, output } = outcome;
    if (passed.length > 0) verdict = "no test noticed";
    else verdict = `no test was run: ${output.slice(-LAST_WORDS_CHARACTERS)}`;
  }
  return verdict;
}

/** Verdict on a run in which something failed; undefined if nothing did. */
export async function verdictOnRun(
  { isOutOfTime, failed, broken }: Pick<Outcome, "isOutOfTime" | "failed" | "broken">,
  notice: Notice,
  untouched: (file: string) => Promise<Pick<Outcome, "passed" | "broken">>,
): Promise<string | undefined> {
  const isEnough = notice === "failed run";
  for (const { file, test } of failed) if ((await untouched(file)).passed.includes(test)) return "noticed";
  if (isOutOfTime) return isEnough ? "noticed" : "no test failed before the run exceeded its time";
  for (const { file, message } of broken) {
    if (IS_UNPARSED.test(message) || (await untouched(file)).broken.length > 0) continue;
    return isEnough ? "noticed" : `no test failed, but ${file} could not be run: ${message}`;
  }
  if (failed.length > 0) return `it fails without any change: ${failed.map(({ test }) => test).join("; ")}`;
  return undefined;
}

/** Runs vitest in a tree, with the arguments that select tests. */
async function runTests(root: string, args: readonly string[]): Promise<Outcome> {
  const report = join(root, REPORT);
  await rm(report, { force: true });
  const { status, output } = await runProgram(
    process.execPath,
    [
      join(root, "node_modules/vitest/vitest.mjs"),
      ...args,
      ...["--reporter=json", `--outputFile.json=${report}`, `--testTimeout=${TEST_LIMIT_MS}`],
    ],
    { output: "caught", cwd: root, limitMs: RUN_LIMIT_MS, env: { ...GIT_OF_COPY, NO_COLOR: "1" } },
  );
  const { testResults: results } = (await readReport(report)) ?? { testResults: [] };
  const tests = results.flatMap(({ name, assertionResults }) =>
    assertionResults.map((test) => ({
      file: relative(root, name),
      test: test.fullName,
      status: test.status,
    })),
  );
  const failed = tests.filter((test) => test.status === "failed");
  return {
    passed: tests.filter((test) => test.status === "passed").map(({ test }) => test),
    failed,
    broken: results
      .map(({ name, status, message = "" }) => ({ file: relative(root, name), status, message }))
      .filter((result) => result.status === "failed" && failed.every(({ file }) => file !== result.file)),
    isOutOfTime: status === OUT_OF_TIME,
    output,
  };
}
