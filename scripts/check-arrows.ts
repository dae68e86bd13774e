/**
 * Fails when a folder or an import is not on the map in docs/architecture.md.
 *
 * @module
 */

import { globSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { addOnProblems, arrowProblems, folderProblems, importsOf, type Package, readMap } from "./arrows.ts";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { listedFiles } from "./listed-files.ts";

const read = (path: string) => readFileSync(`${REPOSITORY_ROOT}${path}`, "utf8");
const find = (patterns: string[]) =>
  globSync(patterns, { cwd: REPOSITORY_ROOT, exclude: ["**/node_modules/**", "**/dist/**"] }).sort();

const packages: Package[] = find([
  "packages/*/package.json",
  "services/*/package.json",
  "ui/package.json",
]).map((path) => {
  const { name, dependencies, peerDependencies } = JSON.parse(read(path));
  return { folder: dirname(path), name, dependencies: Object.keys({ ...dependencies, ...peerDependencies }) };
});
const files = find(["packages/*/src/**/*.ts", "services/*/src/**/*.ts", "ui/src/**/*.{ts,tsx}"]).map(
  (path) => {
    const source = read(path);
    return { path, source, imports: importsOf(source) };
  },
);

/** Folders at the root, of packages and services, and of the packages' sources. */
const folders = new Set<string>();
for (const path of listedFiles(REPOSITORY_ROOT)) {
  const parts = path.split("/").slice(0, -1);
  if (parts.length === 0 || parts[0]!.startsWith(".")) continue;
  folders.add(parts[0]!);
  if (parts[0] !== "packages" && parts[0] !== "services") continue;
  folders.add(parts.slice(0, 2).join("/"));
  if (parts[0] === "packages" && parts[2] === "src" && parts.length > 3 && parts[3] !== "february-2026")
    folders.add(parts.slice(0, 4).join("/"));
}

const map = readMap(read("docs/architecture.md"));
const problems = [
  ...folderProblems(map, [...folders]),
  ...arrowProblems(map, packages, files),
  ...files.flatMap(({ path, source }) => addOnProblems(path, source)),
];
for (const problem of problems) console.error(problem);
console.log(
  `${files.length} files, ${folders.size} folders, ${problems.length} against docs/architecture.md`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
