import type { Mutation } from "./mutation.ts";
import { runTests, type TestOutcome } from "./run-tests.ts";
import type { TreeCopy } from "./tree-copy.ts";

/** What came of taking one check out. `noticed` is the good end; anything else is a sentence. */
export interface Judgement {
  readonly mutation: Mutation;
  readonly verdict: "noticed" | (string & {});
  readonly seconds: number;
}

const LAST_WORDS_CHARACTERS = 600;

/**
 * Judges mutations one after the other. Before the first one of a file, its tests are run as they are: one that fails anyway
 * notices nothing.
 */
export async function* judgeMutations(
  mutations: readonly Mutation[],
  copy: Pick<TreeCopy, "root" | "edit">,
  /** Default: vitest. */
  run: typeof runTests = runTests,
): AsyncGenerator<Judgement> {
  const untouched = new Map<string, TestOutcome>();
  for (const mutation of mutations) {
    const startedAt = performance.now();
    const [file, name = ""] = mutation.test;
    const before = untouched.get(file) ?? (await run(copy.root, file));
    untouched.set(file, before);
    const verdict = whyUnusable(before, name) ?? (await verdictOn(mutation, copy, run));
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

async function verdictOn(
  { edits, test: [file, name] }: Mutation,
  copy: Pick<TreeCopy, "root" | "edit">,
  run: typeof runTests,
): Promise<string> {
  let undo: () => Promise<void>;
  try {
    undo = await copy.edit(edits);
  } catch (error) {
    return `the table no longer fits the code: ${(error as Error).message}`;
  }
  try {
    const { passed, failed, output } = await run(copy.root, file, name);
    if (failed.length > 0) return "noticed";
    if (passed.length > 0) return "nobody noticed";
    // A tree that does not even start proves nothing about the test.
    return `the tests could not be run: ${output.slice(-LAST_WORDS_CHARACTERS)}`;
  } finally {
    await undo();
  }
}
