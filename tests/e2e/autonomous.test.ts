import { SPAN } from "aauth-explain/trace-names";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { openReport, unfold } from "../support/front-page.ts";
import { wholeTrace } from "../support/run-trace.ts";
import { screenshot } from "../support/screenshot.ts";
import { fillLoginPage } from "../support/sign-in.ts";
import { LOG_WAIT, startStack, type TestStack } from "../support/start-stack.ts";

let stack: TestStack;
let browser: Browser;
let watched: WatchedPage;

beforeAll(async () => {
  stack = await startStack({ modes: { ui: true }, processes: ["supply-chain-agent"] });
  browser = await startBrowser();
  watched = await openPage(browser);
  await watched.page.setViewportSize({ width: 1280, height: 900 });
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

describe("a user in a browser", () => {
  test("signs in on the auth server's page", async () => {
    const { page } = watched;
    await page.goto(stack.urls.ui);
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await screenshot(page, "ui-signed-out");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator("#username").waitFor();
    await screenshot(page, "auth-server-login");
    await fillLoginPage(page);
    await page.getByTestId("signed-in-user").waitFor();
    expect(await page.getByTestId("signed-in-user").textContent()).toContain("mcp");
    expect(new URL(page.url()).search).toBe("");
  });

  test("presses the button, and the answer has been through challenge, auth token and retry", async () => {
    const { page } = watched;
    await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
    await page.getByRole("heading", { name: "Optimization completed" }).waitFor({ timeout: 30_000 });
    await openReport(page, "Supply Chain Optimization Analysis");
    await page.getByTestId("optimization-results").waitFor();
    const feed = await page.getByTestId("activity-feed").textContent();
    for (const step of ["Request signed", "Challenge received", "Auth token received"])
      expect(feed).toContain(step);
    const facts = await page.getByTestId("agent-response").locator("dl").textContent();
    expect(facts).toContain("the agent acts for itself");
    await screenshot(page, "ui-completed");
    await page.evaluate("window.scrollTo(0, 0)");
    await screenshot(page, "ui-overview", { fullPage: false });

    expect(stack.log()).toContain("🔐 Received resource_token from 401");
    expect(stack.log()).not.toMatch(/eyJ[\w-]+\.eyJ/);
  });

  test("has begun the run's trace in the page", async () => {
    const spans = await wholeTrace(stack.urls.traces, SPAN.startOptimization, (seen) =>
      seen.some(({ name }) => name === SPAN.click),
    );
    const click = spans.find(({ name }) => name === SPAN.click)!;
    expect(click).toMatchObject({ service: "supply-chain-ui", parentId: undefined });
    expect(spans.find(({ name }) => name === "POST /optimization/start")!.parentId).toBe(click.id);
    const { page } = await openPage(browser);
    await page.goto(`${stack.urls.traces}/trace/${click.traceId}`);
    // The first try and its repetition are distinguished at a glance.
    const row = (name: string) => page.locator("[data-testid=waterfall] > li", { hasText: name }).first();
    await row("POST again, signed with jwt").waitFor();
    expect(await row("POST signed with jwks").textContent()).toMatch(/jwks401/);
    expect(await row("POST again, signed with jwt").textContent()).toMatch(/jwt200/);
    await page.setViewportSize({ width: 1280, height: 900 });
    await screenshot(page, "trace-waterfall", { fullPage: false });
    await page.setViewportSize({ width: 400, height: 900 });
    await page.emulateMedia({ colorScheme: "dark" });
    await screenshot(page, "trace-waterfall-phone-dark", { fullPage: false });
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: "light" });
    await page.goto(stack.urls.traces);
    await page.locator("[data-testid=traces] a", { hasText: SPAN.click }).first().waitFor();
    await screenshot(page, "trace-search", { fullPage: false });
  });

  test("reloads the page before the run has an answer, and sees it through", async () => {
    const { page } = watched;
    const lists = "**/optimization/all";
    const begun = page.waitForRequest((request) => request.url().endsWith("/optimization/start"));
    // The run completes before the page has loaded again, so the first list is outdated.
    await page.route(lists, async (route) => {
      const response = await route.fetch();
      const [latest, ...others] = await response.json();
      await route.fulfill({ response, json: [{ ...latest, status: "running" }, ...others] });
      await page.unroute(lists);
    });
    await page.route("**/optimization/start", async (route) => {
      await route.fetch();
      await page.reload();
    });
    await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
    await begun;
    await page.getByTestId("run-status").getByRole("heading", { name: "Optimization completed" }).waitFor();
    await openReport(page, "Supply Chain Optimization Analysis");
    await page.unroute("**/optimization/start");

    // Another tab does not open a run that is over.
    const elsewhere = await openPage(browser);
    await elsewhere.page.goto(stack.urls.ui);
    await elsewhere.page.getByRole("button", { name: "Sign in" }).click();
    await fillLoginPage(elsewhere.page);
    await elsewhere.page.getByTestId("run-history").waitFor();
    expect(await elsewhere.page.getByTestId("run-status").count()).toBe(0);
  });

  test("asks for two agents, and the second one answers through its own challenge", async () => {
    const { page } = watched;
    await page.getByRole("button", { name: "Two agents" }).click();
    await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
    await openReport(page, "Market Analysis Report");
    await screenshot(page, "ui-market-analysis");
    await expect
      .poll(() => stack.log(), LOG_WAIT)
      .toMatch(/market-analysis-agent +\| .*Authorization successful.*supply-chain-agent/);
  });

  test("can work with the keyboard alone, and at phone width", async () => {
    const { page } = watched;
    await page.setViewportSize({ width: 400, height: 800 });
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
    await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Optimization completed" }).waitFor({ timeout: 30_000 });
    await screenshot(page, "ui-phone-dark");
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: "light" });
  });

  test("sees which hop failed and what to do when an agent is down, and can continue when it is back", async () => {
    const { page } = watched;
    await stack.kill("supply-chain-agent");
    await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
    await page.getByTestId("failure-panel").waitFor({ timeout: 30_000 });
    expect(await page.getByTestId("failure-panel").textContent()).toMatch(/supply-chain agent/i);
    await page.getByTestId("run-status").getByRole("heading", { name: "Failed" }).waitFor();
    await page.getByTestId("failure-panel").getByRole("heading", { name: "The run failed" }).waitFor();
    await unfold(page, "run-history");
    await page.getByTestId("run-history").getByText("Failed").waitFor();
    await screenshot(page, "ui-failed");
    await stack.startAgain("supply-chain-agent");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("heading", { name: "Optimization completed" }).waitFor({ timeout: 30_000 });
  });

  test("sees that a prompt is too long without losing it, and opens the earliest of many runs", async () => {
    const { page } = watched;
    await unfold(page, "settings");
    const prompt = page.getByLabel("Custom prompt");
    const run = page.getByRole("button", { name: "Run Custom Optimization" });
    await prompt.fill(`${"p".repeat(8000)}12`);
    await page.getByText("2 characters too long.").waitFor();
    expect(await run.isDisabled()).toBe(true);
    await screenshot(page, "ui-long-prompt");
    await page.reload();
    await page.getByText("2 characters too long.").waitFor();
    await prompt.fill("p".repeat(8000));
    await run.click();
    await page.getByRole("heading", { name: "Optimization completed" }).waitFor({ timeout: 30_000 });

    await unfold(page, "run-history");
    const runs = page.getByTestId("run-history").getByRole("listitem");
    expect(await runs.count()).toBe(6);
    await page.getByRole("button", { name: "Show 1 earlier" }).click();
    expect(await runs.count()).toBe(7);
    await screenshot(page, "ui-all-runs");
    await runs.last().getByRole("button").click();
    await page.getByRole("heading", { name: "Optimization completed" }).waitFor();
    expect(await runs.last().getByRole("button").getAttribute("aria-current")).toBe("true");
    await page.getByRole("button", { name: "Show only the latest" }).click();
    expect(await runs.count()).toBe(6);
  });

  test("signs out of the page", async () => {
    const { page } = watched;
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor({ timeout: 30_000 });
  });
});
