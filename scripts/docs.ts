/**
 * `npm run docs`: writes the reference pages that are made from the code; tests/docs/reference.test.ts compares them. With `--walkthrough`
 * also what docs/walkthrough shows of real runs, pictures included: the tests of those pages make the runs, and write instead of comparing.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { REFERENCE_PAGES } from "./docs/reference-pages.ts";
import { endProgramsOnSignal, localProgram, runProgram } from "./run-program.ts";

const WALKTHROUGH = "--walkthrough";

const unknown = process.argv.slice(2).find((flag) => flag !== WALKTHROUGH);
if (unknown === undefined) await writeDocuments();
else {
  console.error(`There is no ${unknown}. npm run docs [-- ${WALKTHROUGH}]`);
  process.exitCode = 2;
}

async function writeDocuments(): Promise<void> {
  for (const [path, page] of Object.entries(REFERENCE_PAGES)) {
    const file = `${REPOSITORY_ROOT}${path}`;
    const before = readFileSync(file, "utf8");
    const content = await page(before);
    if (content !== before) writeFileSync(file, content);
    console.log(`${content === before ? "unchanged" : "written"}: ${path}`);
  }
  if (process.argv.includes(WALKTHROUGH)) process.exitCode = await recordWalkthrough();
}

async function recordWalkthrough(): Promise<number> {
  endProgramsOnSignal();
  const tests = ["run", "--project", "walkthrough"];
  const { status } = await runProgram(localProgram("vitest"), tests, {
    output: "shown",
    env: { UPDATE_DOCS: "1" },
  });
  return status;
}
