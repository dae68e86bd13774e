/**
 * Every export of a published package has a docstring. Reads the entry points and the declarations
 * that they name.
 *
 * @module
 */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PUBLISHED_PACKAGES } from "./build-packages.ts";
import { REPOSITORY_ROOT } from "./demo/stack.ts";

const LIST = /^export (type )?(?:\{([^}]*)\}|\*) from "(\.[^"]+)";$/gm;
const DECLARATION = /^export (?:async |abstract )?(?:function\*?|const|class|interface|type|let) (\w+)/gm;

/** Names that an entry point exports, by the file that declares them. */
function exportsOf(file: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const add = (path: string, names: Iterable<string>) => {
    const known = found.get(path) ?? new Set();
    for (const name of names) known.add(name);
    found.set(path, known);
  };
  const source = readFileSync(file, "utf8");
  add(
    file,
    [...source.matchAll(DECLARATION)].map(([, name = ""]) => name),
  );
  for (const [, , names, path = ""] of source.matchAll(LIST)) {
    const target = join(dirname(file), path);
    if (names === undefined) for (const [from, all] of exportsOf(target)) add(from, all);
    else {
      const wanted = names.split(",").map(
        (name) =>
          name
            .trim()
            .replace(/^type /, "")
            .split(" as ")[0]!,
      );
      add(
        target,
        wanted.filter((name) => name !== ""),
      );
    }
  }
  return found;
}

/** Whether a comment ends before the declaration of a name. True if the file re-exports it. */
function hasDocstring(source: string, name: string): boolean {
  const declared = [...source.matchAll(DECLARATION)].find(([, own]) => own === name);
  return declared === undefined || source.slice(0, declared.index).trimEnd().endsWith("*/");
}

const missing: string[] = [];
let exported = 0;
for (const name of PUBLISHED_PACKAGES) {
  const folder = `${REPOSITORY_ROOT}packages/${name}/src`;
  const { exports } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  for (const entry of Object.values<string>(exports)) {
    for (const [file, names] of exportsOf(join(folder, entry))) {
      if (!existsSync(file)) continue;
      const source = readFileSync(file, "utf8");
      exported += names.size;
      for (const own of names)
        if (!hasDocstring(source, own)) missing.push(`${file.slice(REPOSITORY_ROOT.length)}: ${own}`);
    }
  }
}
for (const line of new Set(missing)) console.error(`no docstring: ${line}`);
console.log(`${exported} exports, ${new Set(missing).size} without a docstring`);
if (missing.length > 0) process.exitCode = 1;
