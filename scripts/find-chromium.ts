import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { localProgram, runProgram } from "./run-program.ts";

const KNOWN_PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

const DOWNLOAD_LIMIT_MS = 120_000;

/**
 * A Chromium to test with: `CHROME_PATH`, else the system's, else the one that playwright
 * downloaded. Undefined if none is found.
 *
 * @throws Error if `CHROME_PATH` names a file that does not exist
 */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.CHROME_PATH) {
    if (!existsSync(env.CHROME_PATH)) throw new Error(`CHROME_PATH: there is no file ${env.CHROME_PATH}`);
    return env.CHROME_PATH;
  }
  return [...KNOWN_PLACES, chromium.executablePath()].find((path) => existsSync(path));
}

/** Like {@link findChromium}, but has playwright download one if none is found. */
export async function findOrDownloadChromium(): Promise<string | undefined> {
  const found = findChromium();
  if (found !== undefined) return found;
  console.log("No Chromium here; trying to download one…");
  await runProgram(localProgram("playwright-core"), ["install", "chromium"], {
    output: "caught",
    limitMs: DOWNLOAD_LIMIT_MS,
  });
  return findChromium();
}
