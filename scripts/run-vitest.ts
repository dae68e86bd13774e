import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FOREIGN_PARTS } from "./foreign-parts.ts";
import { localProgram, runProgram } from "./run-program.ts";
import { countVitest, type PartResult, type VitestReport } from "./test-report.ts";

/** A test that spins can outlive vitest's own time-outs; the run must end all the same. */
const VITEST_LIMIT_MS = 20 * 60_000;

/**
 * Runs vitest with its output shown and counts what came of it. Temporary files of the tests, and of the programs they start, are gone
 * afterwards.
 *
 * @param args what vitest shall run: projects, files
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
    const { status } = await runProgram(localProgram("vitest"), ["run", ...args, ...more], {
      output: "shown",
      env: { TMPDIR: folder, ...env },
      limitMs: VITEST_LIMIT_MS,
    });
    const text = await readFile(file, "utf8").catch(() => undefined);
    const report = text === undefined ? undefined : (JSON.parse(text) as VitestReport);
    return countVitest(part, report, status, performance.now() - startedAt);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs the tests of a foreign part, or says why it is skipped (it then counts as one skipped test). */
export async function runForeignPart(name: string): Promise<PartResult> {
  const startedAt = performance.now();
  const { tests, prepare, close } = FOREIGN_PARTS[name]!;
  const result = { part: name, passed: 0, skipped: 0, failures: [] as string[] };
  try {
    const env = await prepare(process.env, console.log);
    if (typeof env !== "string") return await runVitest(name, tests, env);
    return {
      ...result,
      skipped: 1,
      notes: [`Skipped ${name}: ${env}`],
      tookMs: performance.now() - startedAt,
    };
  } catch (error) {
    return { ...result, failures: [(error as Error).message], tookMs: performance.now() - startedAt };
  } finally {
    await close?.();
  }
}
