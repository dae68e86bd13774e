/**
 * The built page: bytes that a browser loads before the first button works, and the time until then in a real Chromium with an empty
 * cache, the page served from this machine.
 *
 * @module
 */

import { readdir, readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { builtPage } from "../scripts/demo/built-page.ts";
import { findChromium } from "../scripts/find-chromium.ts";
import { createPageServer } from "../ui/server/page-server.ts";
import { quantile } from "./measure.ts";
import { type Figure, printRows, publishRows, rowsOf } from "./rows.ts";

const LOADS = 15;
const BUTTON = "Sign in";

const folder = await builtPage();
const rows = rowsOf([...(await bundleSizes()), ...(await timeToInteractive())]);
printRows(rows);
publishRows(rows);

/** What `index.html` names is loaded at once; the rest when it is needed. */
async function bundleSizes(): Promise<Figure[]> {
  const html = await readFile(join(folder, "index.html"), "utf8");
  const files = await readdir(join(folder, "assets"));
  const sizes = await Promise.all(
    files
      .filter((name) => /\.(?:js|css)$/.test(name))
      .map(async (name) => {
        const bytes = await readFile(join(folder, "assets", name));
        return { name, bytes: bytes.length, gzip: gzipSync(bytes).length, isInitial: html.includes(name) };
      }),
  );
  const sum = (list: typeof sizes, of: "bytes" | "gzip") =>
    list.reduce((total, file) => total + file[of], 0) / 1000;
  const initial = sizes.filter(({ isInitial }) => isInitial);
  console.log(`\nthe page, ${sizes.length} files:`);
  for (const { name, bytes, gzip, isInitial } of sizes)
    console.log(
      `  ${name.padEnd(40)} ${(bytes / 1000).toFixed(0)} kB, ${(gzip / 1000).toFixed(0)} kB gzip${isInitial ? "" : ", later"}`,
    );
  return [
    { what: "page: scripts and styles loaded at once, gzip", value: sum(initial, "gzip"), unit: "kB" },
    { what: "page: all scripts and styles, gzip", value: sum(sizes, "gzip"), unit: "kB" },
  ];
}

async function timeToInteractive(): Promise<Figure[]> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    console.log("No Chromium: the time until the page works was not measured.");
    return [];
  }
  const server = createPageServer(folder, {
    backendUrl: "http://localhost:1",
    authServerUrl: "http://localhost:1/realms/aauth-test",
    clientId: "supply-chain-ui",
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://localhost:${(server.address() as AddressInfo).port}/`;
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const times: number[] = [];
    for (let load = 0; load < LOADS; load++) {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(url, { waitUntil: "commit" });
      // Enabled and drawn: the handler is attached in the same step.
      await page.getByRole("button", { name: BUTTON }).waitFor();
      times.push(await page.evaluate("performance.now()"));
      await context.close();
    }
    return [
      { what: "page: until its first button works, empty cache", value: quantile(times, 0.5), unit: "ms" },
    ];
  } finally {
    await browser.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
