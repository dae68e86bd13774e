/**
 * `npm run docs`: writes the reference pages that are made from the code;
 * tests/docs/reference.test.ts compares them. With `--walkthrough` also what docs/walkthrough shows
 * of real runs, pictures included: the tests of those pages make the runs, and write instead of
 * comparing. With `--runtimes` and `--runtimes-long` the same for the answers in
 * docs/reference/runtimes.md.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { REFERENCE_PAGES } from "./docs/reference-pages.ts";
import { endProgramsOnSignal, localProgram, runProgram } from "./run-program.ts";
import { prepareAll } from "./run-vitest.ts";
import { installNext, installRuntimes } from "./runtimes.ts";

/** Projects of vitest that write documents, by flag, with their preparation. */
const RECORDINGS = {
  "--walkthrough": { project: "walkthrough", prepare: async () => ({}) },
  "--runtimes": { project: "runtimes", prepare: installRuntimes },
  "--runtimes-long": { project: "runtimes-long", prepare: prepareAll(installRuntimes, installNext) },
};

const flags = process.argv.slice(2);
const unknown = flags.find((flag) => !Object.hasOwn(RECORDINGS, flag));
if (unknown === undefined) await writeDocuments();
else {
  console.error(`There is no ${unknown}. npm run docs [-- ${Object.keys(RECORDINGS).join(" ")}]`);
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
  for (const [flag, recording] of Object.entries(RECORDINGS)) {
    if (flags.includes(flag)) process.exitCode ||= await record(recording);
  }
}

async function record({ project, prepare }: (typeof RECORDINGS)[keyof typeof RECORDINGS]): Promise<number> {
  endProgramsOnSignal();
  const prepared = await prepare(process.env, console.log);
  if (typeof prepared === "string") {
    console.error(prepared);
    return 1;
  }
  const tests = ["run", "--project", project];
  const { status } = await runProgram(localProgram("vitest"), tests, {
    output: "shown",
    env: { ...prepared, UPDATE_DOCS: "1" },
  });
  return status;
}
