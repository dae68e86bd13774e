/** `npm run demo` installs the root's dependencies without those of the tests. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";

const IMPORT = /^(?:import|export) (?!type )(?:[^"]*? from )?"([^"]+)";/gm;

/** Packages that a program's files import, those in its own folder and beside it. */
function packagesOf(path: string, seen = new Set<string>()): string[] {
  if (seen.has(path)) return [];
  seen.add(path);
  const imported = [...readFileSync(path, "utf8").matchAll(IMPORT)].map(([, name]) => name!);
  return imported.flatMap((name) => {
    if (name.startsWith(".")) return packagesOf(join(dirname(path), name), seen);
    if (name.startsWith("node:")) return [];
    return [name.split("/", name.startsWith("@") ? 2 : 1).join("/")];
  });
}

test.each(["scripts/demo/main.ts", "scripts/consent.ts", "scripts/explain.ts"])(
  "%s imports only packages installed with it",
  (program) => {
    const { dependencies } = JSON.parse(readFileSync(`${REPOSITORY_ROOT}package.json`, "utf8"));
    const packages = packagesOf(REPOSITORY_ROOT + program);
    expect(packages).not.toEqual([]);
    expect(packages.filter((name) => !(name in dependencies))).toEqual([]);
  },
);
