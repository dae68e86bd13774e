import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { localProgram, runProgram } from "./run-program.ts";
import type { PartResult } from "./test-report.ts";

/** A program that fails by its exit status. */
export interface StaticCheck {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

const node = process.execPath;

/** Checks that do not run the code. Each is counted as one test. */
const STATIC_CHECKS: readonly StaticCheck[] = [
  {
    name: "format and lint (biome)",
    program: localProgram("biome"),
    args: ["ci", "--colors=off", "--error-on-warnings", "."],
  },
  { name: "types", program: localProgram("tsc"), args: ["-p", "tsconfig.json", "--noEmit"] },
  {
    name: "types of the web page",
    program: localProgram("tsc"),
    args: ["-p", "ui/tsconfig.json", "--noEmit"],
  },
  { name: "who may import whom", program: node, args: ["scripts/check-arrows.ts"] },
  { name: "wording of comments and test titles", program: node, args: ["scripts/check-wording.ts"] },
  { name: "docstrings of exports", program: node, args: ["scripts/check-docstrings.ts"] },
  { name: "unused files and dependencies (knip)", program: localProgram("knip"), args: ["--no-progress"] },
  { name: "packages as published", program: node, args: ["scripts/check-packages.ts"] },
];

/** What the checks, and the tests of the documents, compare with the code. */
const WRITERS: readonly (readonly [program: string, ...args: string[]])[] = [
  [node, "scripts/docs.ts"],
  [localProgram("biome"), "check", "--write", "."],
  [node, "scripts/check-packages.ts", "--write"],
];

/** Formats the code, and writes the reference pages and the reports of the packages' surfaces. */
export async function writeWhatIsChecked(): Promise<void> {
  for (const [program, ...args] of WRITERS) await runProgram(program, args, { output: "shown" });
}

export const runStaticChecks = () => runChecks("static", STATIC_CHECKS);

/** Runs checks in parallel in a tree and shows the output of those that fail. */
export async function runChecks(
  part: string,
  checks: readonly StaticCheck[],
  cwd = REPOSITORY_ROOT,
): Promise<PartResult> {
  const startedAt = performance.now();
  const failures: string[] = [];
  await Promise.all(
    checks.map(async ({ name, program, args }) => {
      const { status, output } = await runProgram(program, args, {
        output: "caught",
        cwd,
        env: { NO_COLOR: "1" },
      });
      const took = ((performance.now() - startedAt) / 1000).toFixed(1);
      console.log(`${status === 0 ? "ok  " : "FAIL"}  ${name} (${took} s)`);
      if (status === 0) return;
      failures.push(name);
      console.log(output.trimEnd().replace(/^/gm, "      "));
    }),
  );
  const passed = checks.length - failures.length;
  return { part, passed, skipped: 0, failures, tookMs: performance.now() - startedAt };
}
