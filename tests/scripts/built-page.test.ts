/** The page is built again exactly when the build would differ. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { hashOfPageSources, pageSources } from "../../scripts/demo/page-sources.ts";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";

test("every file that a build reads is a source", async () => {
  const vite = createRequire(join(REPOSITORY_ROOT, "ui/package.json")).resolve("vite");
  const { build } = await import(pathToFileURL(vite).href);
  const read = new Set<string>();
  const recorder = {
    name: "recorder",
    buildEnd(this: { getModuleIds(): Iterable<string> }) {
      for (const id of this.getModuleIds()) read.add(id.split("?")[0]!);
    },
  };
  await build({
    configFile: join(REPOSITORY_ROOT, "ui/vite.config.ts"),
    logLevel: "error",
    plugins: [recorder],
    build: { write: false },
  });
  // Dependencies are in the lock, and modules that begin with \0 are made by plugins: one of them
  // from profile.md. A plugin makes guide.html, too.
  const files = [...read]
    .filter((file) => file.startsWith(REPOSITORY_ROOT) && !file.includes("/node_modules/"))
    .map((file) => relative(REPOSITORY_ROOT, file));
  expect(files).toContain("ui/src/main.tsx");
  const sources = new Set(pageSources());
  expect(sources).toContain("docs/february-2026/profile.md");
  expect(sources).toContain("docs/guide.md");
  expect(files.filter((file) => !sources.has(file))).toEqual([]);
});

test("the hash depends on content and name of sources alone", () => {
  const root = mkdtempSync(join(tmpdir(), "page-sources-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "ui/src"), { recursive: true });
  const hashes = ["ui/src/a.tsx 1", "ui/src/a.tsx 2", "ui/src/c.tsx 2", "other.ts 1"].map((file) => {
    const [name, text] = file.split(" ") as [string, string];
    writeFileSync(join(root, name), text);
    return hashOfPageSources(root);
  });
  expect(new Set(hashes.slice(0, 3)).size).toBe(3);
  expect(hashes[3]).toBe(hashes[2]);
});
