import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { localProgram, runProgram } from "./run-program.ts";
import { countVitest, type PartResult, type VitestReport } from "./test-report.ts";

/** Ends a run whose test spins, which vitest's own time-outs do not. */
const VITEST_LIMIT_MS = 20 * 60_000;

/** Tests that vitest runs, with the program they need. */
export interface VitestPart {
  /** What sets it apart from the other runs of its part, for the summary. */
  readonly with?: string;
  /** Projects and files, by vitest's filter. */
  readonly tests: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Finds or makes the program and returns variables for the tests' environment. A string is the
   * reason why it cannot be had here.
   *
   * @throws for a mistake of the user's, such as a variable that names nothing
   */
  prepare?(
    env: NodeJS.ProcessEnv,
    log: (line: string) => void,
  ): Promise<Readonly<Record<string, string>> | string>;
  /** Ends what `prepare` has started. */
  close?(): Promise<void>;
}

type Prepare = NonNullable<VitestPart["prepare"]>;

/**
 * The first, then the next: the variables of all, or the first reason why a program cannot be had.
 */
export function prepareAll(...steps: readonly Prepare[]): Prepare {
  return async (env, log) => {
    let all: Readonly<Record<string, string>> = {};
    for (const step of steps) {
      const found = await step(env, log);
      if (typeof found === "string") return found;
      all = { ...all, ...found };
    }
    return all;
  };
}

/**
 * Runs vitest with its output shown and counts its results. Temporary files of the tests, and
 * of the programs they start, are gone afterwards.
 *
 * @param args of vitest: projects, files
 * @param env `NODE_UNDER_TEST` of it names the Node that vitest runs on. Default: the pinned one
 */
export async function runVitest(
  part: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<PartResult> {
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "tests-"));
  const file = join(folder, "report.json");
  try {
    const more = ["--passWithNoTests", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const [program, ...first] = vitestOn(env.NODE_UNDER_TEST);
    const { status } = await runProgram(program, [...first, "run", ...args, ...more], {
      output: "shown",
      env: { TMPDIR: folder, ...env },
      limitMs: VITEST_LIMIT_MS,
    });
    return countVitest(part, await readReport(file), status, performance.now() - startedAt);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Report that a run of vitest has left. Undefined where it left none. */
export async function readReport(file: string): Promise<VitestReport | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as VitestReport);
}

const vitestOn = (node: string | undefined): readonly [program: string, ...args: string[]] =>
  node === undefined ? [localProgram("vitest")] : [node, `${REPOSITORY_ROOT}node_modules/vitest/vitest.mjs`];

/**
 * Runs a part. Where its program cannot be had the part is skipped, which the summary shows. With
 * `CI` set that is a failure: CI installs what the parts need.
 */
export async function runVitestPart(partName: string, part: VitestPart): Promise<PartResult> {
  const startedAt = performance.now();
  const name = part.with === undefined ? partName : `${partName} (${part.with})`;
  const ended = (more: Partial<PartResult>): PartResult => ({
    part: name,
    passed: 0,
    skipped: 0,
    failures: [],
    ...more,
    tookMs: performance.now() - startedAt,
  });
  try {
    const found = (await part.prepare?.(process.env, console.log)) ?? {};
    if (typeof found !== "string") return await runVitest(name, part.tests, { ...part.env, ...found });
    if (process.env.CI) return ended({ failures: [`nothing ran: ${found}`] });
    return ended({ skipped: 1, skippedBecause: found });
  } catch (error) {
    return ended({ failures: [(error as Error).message] });
  } finally {
    await part.close?.();
  }
}
