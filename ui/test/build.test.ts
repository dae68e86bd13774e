/** The served page: development serves its styles unchanged, and a build rewrites them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "ui-build-"));

beforeAll(async () => {
  const configFile = new URL("../vite.config.ts", import.meta.url).pathname;
  await build({ configFile, logLevel: "warn", build: { outDir: folder, emptyOutDir: true } });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the build keeps colours for light and dark", () => {
  const assets = join(folder, "assets");
  const styles = readdirSync(assets).filter((name) => name.endsWith(".css"));
  const text = styles.map((name) => readFileSync(join(assets, name), "utf8")).join("\n");
  expect(text).toContain("light-dark(");
  expect(text).not.toContain("--lightningcss-");
});

test("each script and style sheet of more than 300 bytes is there in Brotli and in gzip, and smaller", () => {
  const assets = join(folder, "assets");
  // A smaller one can grow.
  const files = readdirSync(assets).filter(
    (name) => /\.(?:js|css)$/.test(name) && statSync(join(assets, name)).size > 300,
  );
  expect(files.length).toBeGreaterThan(20);
  for (const name of files) {
    const content = readFileSync(join(assets, name));
    const inBrotli = readFileSync(join(assets, `${name}.br`));
    const inGzip = readFileSync(join(assets, `${name}.gz`));
    expect(inBrotli.length, name).toBeLessThan(content.length);
    expect(brotliDecompressSync(inBrotli).equals(content), name).toBe(true);
    expect(gunzipSync(inGzip).equals(content), name).toBe(true);
  }
});

test("the guide is a file of the build", () => {
  const html = readFileSync(join(folder, "guide.html"), "utf8");
  expect(html).toContain("<title>Guide · AAuth demo</title>");
  expect(readFileSync(join(folder, "guide.html.br")).length).toBeLessThan(html.length);
});

test("no style sheet precedes the first painted content", () => {
  const html = readFileSync(join(folder, "index.html"), "utf8");
  const [before, after = ""] = html.split("</main>");
  expect(before).toContain('class="first-paint"');
  expect(before).not.toContain('rel="stylesheet"');
  expect(after.match(/rel="stylesheet"/g)?.length).toBeGreaterThan(1);
});
