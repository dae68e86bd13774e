/** View of a user with a phone during a run and after it. */

import { setTimeout as pause } from "node:timers/promises";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectAccessible } from "../support/accessibility.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { fillPrompt, openReport, unfold } from "../support/front-page.ts";
import { screenshot } from "../support/screenshot.ts";
import { signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const WAIT = { timeout: 30_000 };
const PHONE = { width: 400, height: 800 };

let stack: TestStack;
let browser: Browser;

beforeAll(async () => {
  stack = await startStack({ modes: { ui: true }, processes: ["supply-chain-agent"] });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

const responseReader = /\/markdown[^/]*$/;

async function signedInPhone(): Promise<WatchedPage> {
  const watched = await openPage(browser);
  const { page } = watched;
  await page.setViewportSize(PHONE);
  await signInOnPage(page, stack.urls.ui);
  return watched;
}

async function expectInView(part: Locator): Promise<void> {
  const { y, height } = (await part.boundingBox())!;
  expect(y).toBeGreaterThanOrEqual(0);
  expect(y + height).toBeLessThanOrEqual(PHONE.height);
}

test("a slow start states what it waits for, and loads the response's part early", async () => {
  const { page } = await signedInPhone();
  let loads = 0;
  page.on("request", (request) => {
    if (responseReader.test(request.url())) loads += 1;
  });
  const held = Promise.withResolvers<void>();
  await page.route("**/optimization/start", async (route) => {
    await held.promise;
    await route.continue();
  });
  await page.waitForLoadState("networkidle");
  expect(loads).toBe(0);
  await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
  await expect.poll(() => loads).toBe(1);
  const waitingFor = "Calling the supply-chain agent. Authorization may take a few seconds";
  const status = page.getByTestId("run-status");
  await status.getByText(waitingFor).waitFor();
  expect(await page.getByRole("status").first().textContent()).toBe(`Starting: ${waitingFor}`);
  const feed = await page.getByTestId("activity-feed").textContent();
  expect(feed).toContain("the steps appear here once the agent has responded.");
  await expectInView(status);
  await screenshot(page, "ui-phone-starting", { fullPage: false });
  await expectAccessible(page, "ui-starting");

  held.resolve();
  await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
});

/** Until the page has stopped growing. */
async function runIsOver(page: Page): Promise<void> {
  await page.getByTestId("report").waitFor(WAIT);
  await page.getByTestId("protocol-view").waitFor(WAIT);
  await page.getByTestId("run-history").waitFor(WAIT);
  await page.waitForTimeout(500);
}

const scrolled = (page: Page) => page.evaluate("window.scrollY");

test("the page does not scroll by itself and the button keeps the focus, from the press to the last span", async () => {
  const { page } = await signedInPhone();
  let loads = 0;
  await page.route(responseReader, async (route) => {
    loads += 1;
    await pause(500);
    await route.continue();
  });
  const button = page.getByRole("button", { name: "Optimize Laptop Supply Chain" });
  await button.click();
  await runIsOver(page);
  expect(await scrolled(page)).toBe(0);
  expect(await button.evaluate((element) => element.matches(":focus"))).toBe(true);
  expect(loads).toBe(1);
  await screenshot(page, "ui-phone-completed", { fullPage: false });
  await openReport(page, "Supply Chain Optimization Analysis");
  await page.getByTestId("optimization-results").waitFor(WAIT);
});

test("a run opened from the list scrolls into view, with its prompt", async () => {
  const { page } = await signedInPhone();
  const asked = "optimize laptop supply chain for a team of ten";
  await fillPrompt(page, asked);
  await page.getByRole("button", { name: "Run Custom Optimization" }).click();
  await runIsOver(page);
  await fillPrompt(page, "something else");
  await unfold(page, "run-history");
  const item = page.getByTestId("run-history").getByRole("listitem").filter({ hasText: asked }).first();
  await item.scrollIntoViewIfNeeded();
  await screenshot(page, "ui-phone-runs", { fullPage: false });
  await item.getByRole("button").click();
  const status = page.getByTestId("run-status");
  await status.getByText(asked).waitFor(WAIT);
  const heading = status.getByRole("heading", { name: "Optimization completed" });
  await expect.poll(() => heading.evaluate((element) => element.matches(":focus"))).toBe(true);
  await page.getByTestId("report").waitFor(WAIT);
  await expectInView(heading);
  await expectInView(status.getByText(asked));
  await screenshot(page, "ui-phone-opened", { fullPage: false });

  // In forced colours, a line marks the opened run.
  await page.emulateMedia({ forcedColors: "active" });
  expect(
    await item.evaluate((part) => part.ownerDocument.defaultView!.getComputedStyle(part).borderLeftWidth),
  ).toBe("4px");
});

test("a failure to load the response's part is reported in its place, and the page stays", async () => {
  const { page, expectComplaint } = await signedInPhone();
  expectComplaint(/markdown/);
  await page.route(responseReader, (route) => route.abort());
  await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
  await unfold(page, "report");
  await page.getByTestId("agent-response").getByRole("alert").waitFor(WAIT);
  expect(await page.getByTestId("agent-response").textContent()).toContain(
    "could not be loaded. Reload the page",
  );
  await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
});

test("a failure is in view and the page stays where it is", async () => {
  const { page } = await signedInPhone();
  await stack.kill("supply-chain-agent");
  await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
  const failure = page.getByTestId("failure-panel");
  await failure.waitFor(WAIT);
  await expectInView(failure.getByRole("heading", { name: "The run failed" }));
  expect(await scrolled(page)).toBe(0);
  await screenshot(page, "ui-phone-failed", { fullPage: false });
});

test("a failed run that is opened is tried again with its own prompt, or says that it does not know it", async () => {
  const { page } = await signedInPhone();
  const events = "**/optimization/progress/*/events";
  await unfold(page, "run-history");
  const failed = page.getByTestId("run-history").getByRole("button", { name: "Failed" }).first();
  const promptOfStart = async (button: string) => {
    const [start] = await Promise.all([
      page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/start")),
      page.getByTestId("failure-panel").getByRole("button", { name: button }).click(WAIT),
    ]);
    await page.getByTestId("failure-panel").waitFor(WAIT);
    return start.postDataJSON().custom_prompt;
  };
  await fillPrompt(page, "something else");
  await failed.click(WAIT);
  expect(await promptOfStart("Try again")).toBe("optimize laptop supply chain");

  await page.route(events, async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replaceAll(/"prompt":"[^"]*",/g, "");
    await route.fulfill({ response, body });
  });
  await failed.click(WAIT);
  expect(await promptOfStart("Start with the prompt above")).toBe("something else");
});
