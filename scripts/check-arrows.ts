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
  const folder = dirname(path);
  const { name, ...kinds } = JSON.parse(read(path));
  const { dependencies, peerDependencies, optionalDependencies, devDependencies } = kinds;
  // The page is bundled: what it is made of is there when it is built, and not when it is served.
  const bundled = folder === "ui" ? devDependencies : {};
  return {
    folder,
    name,
    dependencies: Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies, ...bundled }),
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
