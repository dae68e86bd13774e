import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../run-program.ts";
import type { VitestReport } from "../test-report.ts";
import type { Mutation } from "./mutations.ts";
import type { TreeCopy } from "./tree-copy.ts";

/** What came of taking one check out: `noticed`, or a sentence that says why not. */
export interface Judgement {
  readonly mutation: Mutation;
  readonly verdict: "noticed" | (string & {});
  readonly seconds: number;
}

/** What became of the tests of one file, by full name. */
interface TestOutcome {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** Vitest's own output, for when it reports no tests. */
  readonly output: string;
}

const LAST_WORDS_CHARACTERS = 600;
/** A test that waits for what no longer happens must not hold up the others. */
const TEST_LIMIT_MS = 40_000;
const RUN_LIMIT_MS = 300_000;

/**
 * Judges mutations one after the other. Before the first one of a file, its tests are run as they
 * are: one that fails anyway notices nothing.
 */
export async function* judgeMutations(
  mutations: readonly Mutation[],
  copy: TreeCopy,
): AsyncGenerator<Judgement> {
  const untouched = new Map<string, TestOutcome>();
  for (const mutation of mutations) {
    const startedAt = performance.now();
    const [file, name = ""] = mutation.test;
    const before = untouched.get(file) ?? (await runTests(copy.root, file));
    untouched.set(file, before);
    const verdict = whyUnusable(before, name) ?? (await verdictOn(mutation, copy));
    yield { mutation, verdict, seconds: Math.round((performance.now() - startedAt) / 1000) };
  }
}

function whyUnusable({ passed, failed, output }: TestOutcome, name: string): string | undefined {
  const own = failed.filter((test) => test.includes(name));
  if (own.length > 0) return `the tests fail without any change: ${own.join("; ")}`;
  if (!passed.some((test) => test.includes(name)))
    return `no such tests: ${output.slice(-LAST_WORDS_CHARACTERS)}`;
  return undefined;
}

async function verdictOn({ edits, test: [file, name] }: Mutation, copy: TreeCopy): Promise<string> {
  let undo: () => Promise<void>;
  try {
    undo = await copy.edit(edits);
  } catch (error) {
    return `the table no longer fits the code: ${(error as Error).message}`;
  }
  try {
    const { passed, failed, output } = await runTests(copy.root, file, name);
    if (failed.length > 0) return "noticed";
    if (passed.length > 0) return "no test noticed";
    // A tree that does not even start proves nothing about the test.
    return `the tests could not be run: ${output.slice(-LAST_WORDS_CHARACTERS)}`;
  } finally {
    await undo();
  }
}

/** Runs the tests of one file in a tree, those whose name has `name` in it, or all. */
async function runTests(root: string, file: string, name?: string): Promise<TestOutcome> {
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
