/** Weight of the page for a browser without a cache, and its first paint on a slow line. */
import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPage, startBrowser } from "../support/browser.ts";
import { screenshot } from "../support/screenshot.ts";
import { fillLoginPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const MAX_BYTES = 250_000;
const MAX_FIRST_PAINT_MS = 1_500;
const HEADLINE = "Steal this request. It is worthless.";
/** "Slow 4G" of Chromium's developer tools. */
const SLOW_4G = { latency: 562.5, downloadThroughput: 180_000, uploadThroughput: 84_375, offline: false };

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

/** Opens a page whose network is observed, with an empty cache. */
async function observedPage(): Promise<{ page: Page; context: BrowserContext; network: CDPSession }> {
  const { page, context } = await openPage(browser);
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  return { page, context, network };
}

test("the page weighs less than 250 KB on the wire, before and after the sign-in together", async () => {
  const { page, network } = await observedPage();
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
  expect(sum(), JSON.stringify(largest)).toBeLessThan(MAX_BYTES);
});

test("on a slow line the headline is painted within 1.5 s, before the page's script has loaded", async () => {
  // A busy machine delays what it paints: the best of three is that of the page.
  const paints: number[] = [];
  while (paints.length < 3 && Math.min(...paints) > MAX_FIRST_PAINT_MS) paints.push(await firstPaint());
  expect(Math.min(...paints)).toBeLessThan(MAX_FIRST_PAINT_MS);
});

/** Milliseconds until something is painted, which must be before the last script has come. */
async function firstPaint(): Promise<number> {
  const { page, context, network } = await observedPage();
  await network.send("Network.emulateNetworkConditions", SLOW_4G);
  await page.goto(stack.urls.ui, { waitUntil: "commit" });
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  const { paint, script } = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0]!.startTime,
    script: Math.max(
      ...performance
        .getEntriesByType("resource")
        .map(({ name, startTime, duration }) => (name.endsWith(".js") ? startTime + duration : 0)),
    ),
  }));
  console.log(`first paint after ${Math.round(paint)} ms, script after ${Math.round(script)} ms`);
  expect(paint).toBeLessThan(script);
  await context.close();
  return paint;
}

test.each(["light", "dark"] as const)(
  "without JavaScript the page says what it is, %s",
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
