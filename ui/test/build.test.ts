/** The page as it is served: development serves its styles as they are written, and a build rewrites them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "ui-build-"));

beforeAll(async () => {
  const configFile = new URL("../vite.config.ts", import.meta.url).pathname;
  await build({ configFile, logLevel: "warn", build: { outDir: folder, emptyOutDir: true } });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("colours for light and dark are still what was written", () => {
  const assets = join(folder, "assets");
  const styles = readdirSync(assets).filter((name) => name.endsWith(".css"));
  const text = styles.map((name) => readFileSync(join(assets, name), "utf8")).join("\n");
  expect(text).toContain("light-dark(");
  expect(text).not.toContain("--lightningcss-");
});
