import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { REPOSITORY_ROOT } from "./stack.ts";

/**
 * Files that the built page depends on; dependencies count by their versions.
 * `tests/scripts/built-page.test.ts` compares them with the files that a build reads.
 */
const SOURCES = [
  "ui/{index.html,compare.html,traces.html,package.json,tsconfig.json,vite.config.ts}",
  "ui/{public,src,vite}/**",
  "packages/*/package.json",
  "packages/*/src/**",
  "docs/february-2026/profile.md",
  "docs/guide.md",
  "tsconfig.base.json",
  "pnpm-lock.yaml",
];

/** The files, as paths from `root`, sorted. */
export function pageSources(root = REPOSITORY_ROOT): string[] {
  return globSync(SOURCES, { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/** Fingerprint of 16 characters over the names and contents of the files. */
export function hashOfPageSources(root = REPOSITORY_ROOT): string {
  const hash = createHash("sha256");
  for (const file of pageSources(root)) {
    const content = readFileSync(join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex").slice(0, 16);
}
