/**
 * `npm test`: static checks, unit tests, integration tests, browser tests; `--only PART` for one of them, `--with NAME` for tests with a
 * foreign program on top. Ends with the line
 * `N passed, N failed[, N skipped]` and a failing exit status when anything failed.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import {
  ConfigError,
  choiceSetting,
  HelpRequested,
  listSetting,
  loadConfig,
  setting,
} from "agent-kit/service";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { findOrDownloadChromium } from "./find-chromium.ts";
import { FOREIGN_PARTS } from "./foreign-parts.ts";
import { endProgramsOnSignal, localProgram, runProgram } from "./run-program.ts";
import { runForeignPart, runVitest } from "./run-vitest.ts";
import { runStaticChecks } from "./static-checks.ts";
import { type PartResult, summaryText } from "./test-report.ts";

const PARTS = ["static", "unit", "integration", "browser"] as const;
/** Those of vitest.config.ts that a part runs. */
const PROJECTS = { unit: ["unit", "sodium"], integration: ["integration"] } as const;

endProgramsOnSignal();
process.exitCode = await main();

async function main(): Promise<number> {
  let only: string;
  let foreign: readonly string[];
  try {
    const part = setting({
      flag: "only",
      schema: choiceSetting(["all", ...PARTS], "all"),
      description: `Run one part: ${PARTS.join(", ")}`,
    });
    const names = Object.keys(FOREIGN_PARTS);
    const withForeign = setting({
      flag: "with",
      schema: listSetting()
        .unwrap()
        .refine((list) => list.every((name) => names.includes(name)), `expected ${names.join(", ")}`)
        .default([]),
      description: `Parts with foreign programs to run as well: ${names.join(", ")}`,
    });
    ({ only, foreign } = loadConfig({
      service: "test",
      settings: { only: part, foreign: withForeign },
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
  // An earlier run's failures would be taken for this one's.
  await rm(`${REPOSITORY_ROOT}test-results/failures`, { recursive: true, force: true });
  const results: PartResult[] = [];
  for (const part of PARTS) {
    if (only !== "all" && only !== part) continue;
    console.log(`\n== ${part} ==`);
    if (part === "static") results.push(await runStaticChecks());
    else if (part === "browser") results.push(await runBrowserTests());
    else
      results.push(
        await runVitest(
          part,
          PROJECTS[part].flatMap((name) => ["--project", name]),
        ),
      );
  }
  for (const name of foreign) {
    console.log(`\n== ${name} ==`);
    results.push(await runForeignPart(name));
  }
  process.stdout.write(summaryText(results));
  return results.some(({ failures }) => failures.length > 0) ? 1 : 0;
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
  if (executable !== undefined) {
    const result = await runVitest("browser", ["--project", "browser"], { CHROME_PATH: executable });
    const notes = ["Pictures of every page are in test-results/."];
    if (result.failures.length > 0)
      notes.push(
        "What each page showed when its test failed (picture, HTML, record): test-results/failures/.",
      );
    return { ...result, notes };
  }
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
