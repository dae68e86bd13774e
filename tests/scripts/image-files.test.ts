/** The image of compose has each file of `scripts/` that its programs import. */

import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The programs of `compose/` and all that they import by path, from the repository's root. */
async function importedFiles(): Promise<Set<string>> {
  const found = new Set<string>();
  const visit = async (path: string): Promise<void> => {
    if (found.has(path)) return;
    found.add(path);
    const source = await readFile(join(ROOT, path), "utf8");
    for (const [, target] of source.matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+\.(?:ts|mjs))"/g))
      await visit(relative(ROOT, join(ROOT, dirname(path), target!)));
  };
  for (const name of await readdir(join(ROOT, "compose")))
    if (/\.(ts|mjs)$/.test(name)) await visit(`compose/${name}`);
  return found;
}

test("the image has each script that a program of compose imports", async () => {
  const kept = (await readFile(join(ROOT, ".dockerignore"), "utf8"))
    .split("\n")
    .filter((line) => line.startsWith("!"))
    .map((line) => line.slice(1));
  const scripts = [...(await importedFiles())].filter((path) => path.startsWith("scripts/"));
  expect(scripts).toContain("scripts/demo/stack.ts");
  expect(scripts).toContain("scripts/demo/demo-dialect.ts");
  for (const path of scripts)
    expect(
      kept.some((entry) => path === entry || path.startsWith(`${entry}/`)),
      path,
    ).toBe(true);
});
