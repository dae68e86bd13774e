/** The rules of {@link openPage} themselves. */

import { readdir, rm } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPage, startBrowser } from "../support/browser.ts";
import { keepEvidence } from "../support/failure-evidence.ts";
import { RESULTS_FOLDER } from "../support/screenshot.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

test.fails("a complaint fails the test", async () => {
  const { page } = await openPage(browser);
  await page.evaluate("console.warn('by the way')");
});

test.fails("an uncaught error fails the test, also of a page that was closed", async () => {
  const { page, context } = await openPage(browser);
  const thrown = page.waitForEvent("pageerror");
  await page.evaluate("void setTimeout(() => { throw new Error('lost') })");
  await thrown;
  await context.close();
});

test("a complaint that was expected does not", async () => {
  const { page, expectComplaint } = await openPage(browser);
  expectComplaint(/by the way/);
  await page.evaluate("console.warn('by the way')");
});

test.fails("one that was expected and did not come does", async () => {
  const { expectComplaint } = await openPage(browser);
  expectComplaint(/by the way/);
});

test("what a failed test leaves", async () => {
  const { page, context } = await openPage(browser);
  await page.setContent("<title>A page</title>");
  const name = "what a failed test leaves";
  const folder = `${RESULTS_FOLDER}failures/what-a-failed-test-leaves`;
  await keepEvidence([{ page, context, isClosed: false, complaints: [] }], { name });
  expect((await readdir(folder)).sort()).toEqual(["page-1.html", "page-1.png", "page-1.txt", "page-1.zip"]);
  await rm(folder, { recursive: true });
});
