/**
 * Fails when a manifest or an import goes against the table in `arrows.ts`.
 *
 * @module
 */

import { globSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { arrowProblems, importsOf, type Manifest } from "./arrows.ts";
import { REPOSITORY_ROOT } from "./demo/stack.ts";

const read = (path: string) => readFileSync(`${REPOSITORY_ROOT}${path}`, "utf8");
const find = (patterns: string[]) =>
  globSync(patterns, { cwd: REPOSITORY_ROOT, exclude: ["**/node_modules/**", "**/dist/**"] }).sort();

const manifests: Manifest[] = find([
  "packages/*/package.json",
  "services/*/package.json",
  "ui/package.json",
]).map((path) => {
  const { name, dependencies, peerDependencies, optionalDependencies } = JSON.parse(read(path));
  return {
    folder: dirname(path),
    name,
    dependencies: Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies }),
  };
});
const files = find(["packages/*/src/**/*.ts", "services/*/src/**/*.ts", "ui/src/**/*.{ts,tsx}"]).map(
  (path) => ({
    path,
    imports: importsOf(read(path)),
  }),
);

const problems = arrowProblems(manifests, files);
for (const problem of problems) console.error(problem);
console.log(
  `${files.length} files, ${manifests.length} manifests, ${problems.length} arrows against the table`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
