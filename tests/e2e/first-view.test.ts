/** Weight of the page for a browser without a cache, and its first paint. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPage, startBrowser } from "../support/browser.ts";
import { screenshot } from "../support/screenshot.ts";
import { fillLoginPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const MAX_BYTES = { before: 200_000, both: 250_000 };
const HEADLINE = "Steal a bearer token and you are its owner. Steal an AAuth token and you have nothing.";

let stack: TestStack;
let browser: Browser;
beforeAll(async () => {
  stack = await startStack({ modes: { ui: true } });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

test("the page weighs less than 200 KB on the wire before the sign-in, and less than 250 KB with the page after it", async () => {
  const { page, context } = await openPage(browser);
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  const urls = new Map<string, string>();
  const bytes = new Map<string, number>();
  network.on("Network.requestWillBeSent", ({ requestId, request }) => urls.set(requestId, request.url));
  network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const url = urls.get(requestId) ?? "";
    if (url.startsWith(stack.urls.ui)) bytes.set(url, (bytes.get(url) ?? 0) + encodedDataLength);
  });
  const sum = () => [...bytes.values()].reduce((total, each) => total + each, 0);

  await page.goto(stack.urls.ui);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await page.waitForLoadState("networkidle");
  const before = sum();
  await page.getByRole("button", { name: "Sign in" }).click();
  await fillLoginPage(page);
  await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).waitFor();
  await page.waitForLoadState("networkidle");
  console.log(`first view: ${before} bytes, ${sum()} with the page after the sign-in`);
  const largest = [...bytes].sort(([, a], [, b]) => b - a).slice(0, 8);
  expect(before, JSON.stringify(largest)).toBeGreaterThan(20_000);
  expect(before, JSON.stringify(largest)).toBeLessThan(MAX_BYTES.before);
  expect(sum(), JSON.stringify(largest)).toBeLessThan(MAX_BYTES.both);
});

test("the headline is painted before a script or a style sheet has come", async () => {
  const { page } = await openPage(browser);
  const hold = Promise.withResolvers<void>();
  await page.route(/\.(?:js|css)$/, async (route) => {
    await hold.promise;
    await route.continue();
  });
  await page.goto(stack.urls.ui, { waitUntil: "commit" });
  await page.getByRole("heading", { name: HEADLINE }).waitFor();
  const painted = "performance.getEntriesByName('first-contentful-paint').length";
  await expect.poll(() => page.evaluate(painted), { timeout: 20_000 }).toBe(1);
  hold.resolve();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
});

test.each(["light", "dark"] as const)(
  "without JavaScript the page states its purpose, %s",
  async (colorScheme) => {
    const context = await browser.newContext({ javaScriptEnabled: false, colorScheme });
    const page = await context.newPage();
    await page.goto(stack.urls.ui);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("AAuth demo");
    expect(await page.getByRole("heading", { level: 2 }).textContent()).toBe(HEADLINE);
    for (const width of [1440, 720, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await screenshot(page, `first-paint-${width}-${colorScheme}`, { fullPage: false });
    }
    await context.close();
  },
);
