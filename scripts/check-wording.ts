/**
 * Fails if a comment or a test's title breaks the rules of wording.ts. `--wrap` first wraps long
 * comments, in the given files or in all.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { listedFiles } from "./listed-files.ts";
import { commentProblems, titleProblems, wrapComments } from "./wording.ts";

const CODE = /\.(?:[cm]?[jt]sx?|css|java)$/;
const TEST = /\.test\.tsx?$/;

const [flag, ...named] = process.argv.slice(2);
const files = listedFiles(REPOSITORY_ROOT).filter((path) => CODE.test(path));
const problems: string[] = [];
for (const path of files) {
  const file = join(REPOSITORY_ROOT, path);
  let source = readFileSync(file, "utf8");
  if (flag === "--wrap" && (named.length === 0 || named.some((name) => path.startsWith(name)))) {
    const wrapped = wrapComments(source);
    if (wrapped !== source) writeFileSync(file, wrapped);
    source = wrapped;
  }
  problems.push(...commentProblems(path, source));
  if (TEST.test(path)) problems.push(...titleProblems(path, source));
}
for (const problem of problems) console.error(problem);
console.log(`${files.length} files, ${problems.length} problems of wording`);
if (problems.some((problem) => problem.includes("columns"))) {
  console.log("node_modules/.bin/node scripts/check-wording.ts --wrap breaks long comments.");
}
process.exitCode = problems.length === 0 ? 0 : 1;
