import { rm } from "node:fs/promises";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { endProgramsOnSignal } from "./run-program.ts";
import { runVitestPart, type VitestPart } from "./run-vitest.ts";
import { type PartResult, summaryText } from "./test-report.ts";

type Run = VitestPart | (() => Promise<readonly PartResult[]>);
/** A part of a test command, see test-parts.ts. Several runs follow each other. */
export type Part = Run | readonly Run[];

/**
 * Runs parts one after the other, and sets the exit status.
 *
 * @param names those to run; without any, all
 */
export async function runParts(
  command: string,
  parts: Readonly<Record<string, Part>>,
  names: readonly string[],
): Promise<void> {
  const unknown = names.find((name) => !Object.hasOwn(parts, name));
  if (unknown !== undefined) {
    console.error(`${command} has no part ${unknown}. There are: ${Object.keys(parts).join(", ")}`);
    process.exitCode = 2;
    return;
  }
  endProgramsOnSignal();
  // The next run would show an earlier run's failures as its own.
  await rm(`${REPOSITORY_ROOT}test-results/failures`, { recursive: true, force: true });
  const results: PartResult[] = [];
  for (const [name, part] of Object.entries(parts)) {
    if (names.length > 0 && !names.includes(name)) continue;
    console.log(`\n== ${name} ==`);
    for (const run of [part].flat())
      results.push(...(typeof run === "function" ? await run() : [await runVitestPart(name, run)]));
  }
  process.stdout.write(summaryText(results));
  process.exitCode = results.some(({ failures }) => failures.length > 0) ? 1 : 0;
}
