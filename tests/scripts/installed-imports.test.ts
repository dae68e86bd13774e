/** `npm run demo` installs the dependencies of root and packages, without those of the tests. */
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";

const IMPORT = /^(?:import|export) (?!type )(?:[^"]*? from )?"([^"]+)";/gm;

/** Imports of a program, of the files in its folder and beside it too, by their manifest. */
function importsOf(path: string, seen = new Set<string>()): [manifest: string, name: string][] {
  if (seen.has(path)) return [];
  seen.add(path);
  const imported = [...readFileSync(path, "utf8").matchAll(IMPORT)].map(([, name]) => name!);
  return imported.flatMap((name) => {
    if (name.startsWith(".")) return importsOf(join(dirname(path), name), seen);
    if (name.startsWith("node:")) return [];
    return [[manifestOf(path), name.split("/", name.startsWith("@") ? 2 : 1).join("/")]];
  });
}

const manifestOf = (path: string) => {
  const [folder = ""] = /^packages\/[^/]+\//.exec(relative(REPOSITORY_ROOT, path)) ?? [];
  return `${REPOSITORY_ROOT}${folder}package.json`;
};

test.each(["scripts/demo/main.ts", "scripts/consent.ts", "scripts/explain.ts"])(
  "%s imports only packages installed with it",
  (program) => {
    const imports = importsOf(REPOSITORY_ROOT + program);
    expect(imports).not.toEqual([]);
    const isMissing = ([manifest, name]: readonly [string, string]) => {
      const { name: own, dependencies, peerDependencies } = JSON.parse(readFileSync(manifest, "utf8"));
      return name !== own && !(name in { ...dependencies, ...peerDependencies });
    };
    expect(imports.filter(isMissing)).toEqual([]);
  },
);
