/**
 * `npm test`: static checks, unit tests, integration tests, browser tests; `--only PART` for one of them. Ends with the line
 * `N passed, N failed[, N skipped]` and a failing exit status when anything failed.
 *
 * @module
 */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, choiceSetting, HelpRequested, loadConfig, setting } from "service-kit";
import { findOrDownloadChromium } from "./find-chromium.ts";
import { endProgramsOnSignal, localProgram, runProgram } from "./run-program.ts";
import { runStaticChecks } from "./static-checks.ts";
import { countVitest, type PartResult, summaryText, type VitestReport } from "./test-report.ts";

/** A test that spins can outlive vitest's own time-outs; the run must end all the same. */
const VITEST_LIMIT_MS = 12 * 60_000;
const PARTS = ["static", "unit", "integration", "browser"] as const;

endProgramsOnSignal();
process.exitCode = await main();

async function main(): Promise<number> {
  let only: string;
  try {
    const part = setting({
      flag: "only",
      schema: choiceSetting(["all", ...PARTS], "all"),
      description: `Run one part: ${PARTS.join(", ")}`,
    });
    ({ only } = loadConfig({
      service: "test",
      settings: { only: part },
      env: {},
      argv: process.argv.slice(2),
    }));
  } catch (error) {
    if (error instanceof HelpRequested) {
      console.log(error.text);
      return 0;
    }
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    return 2;
  }
  const results: PartResult[] = [];
  for (const part of PARTS) {
    if (only !== "all" && only !== part) continue;
    console.log(`\n== ${part} ==`);
    if (part === "static") results.push(await runStaticChecks());
    else if (part === "browser") results.push(await runBrowserTests());
    else results.push(await runVitest(part));
  }
  process.stdout.write(summaryText(results));
  return results.some(({ failures }) => failures.length > 0) ? 1 : 0;
}

async function runVitest(project: string, env: Readonly<Record<string, string>> = {}): Promise<PartResult> {
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "vitest-report-"));
  const file = join(folder, "report.json");
  try {
    const args = ["run", "--project", project, "--passWithNoTests", "--reporter=default", "--reporter=json"];
    const { status } = await runProgram(localProgram("vitest"), [...args, `--outputFile.json=${file}`], {
      output: "shown",
      env,
      limitMs: VITEST_LIMIT_MS,
    });
    const text = await readFile(file, "utf8").catch(() => undefined);
    const report = text === undefined ? undefined : (JSON.parse(text) as VitestReport);
    return countVitest(project, report, status, performance.now() - startedAt);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runBrowserTests(): Promise<PartResult> {
  const startedAt = performance.now();
  let executable: string | undefined;
  try {
    executable = await findOrDownloadChromium();
  } catch (error) {
    // CHROME_PATH names nothing: whoever set it wants these tests, so they must not be skipped.
    return {
      part: "browser",
      passed: 0,
      skipped: 0,
      failures: [(error as Error).message],
      tookMs: performance.now() - startedAt,
    };
  }
  if (executable !== undefined) return runVitest("browser", { CHROME_PATH: executable });
  const { output } = await runProgram(localProgram("vitest"), ["list", "--project", "browser", "--json"], {
    output: "caught",
  });
  const names = listedNames(output);
  return {
    part: "browser",
    passed: 0,
    skipped: names.length,
    failures: [],
    notes: [
      "Skipped, because no Chromium was found (install one, or name it in CHROME_PATH):",
      ...names.map((name) => `  ${name}`),
    ],
    tookMs: performance.now() - startedAt,
  };
}

function listedNames(output: string): string[] {
  const start = output.indexOf("[");
  const tests =
    start < 0 ? [] : (JSON.parse(output.slice(start, output.lastIndexOf("]") + 1)) as { name: string }[]);
  return tests.map(({ name }) => name);
}
