import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectAccessible } from "../support/accessibility.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { consentPageOpen, decideConsent, signInForConsent } from "../support/consent-page.ts";
import { fillPrompt, openReport, unfold } from "../support/front-page.ts";
import { screenshot } from "../support/screenshot.ts";
import { DEMO_USER, fillLoginPage, signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack, type TestStackOptions } from "../support/start-stack.ts";

const OPTIONS: TestStackOptions = { modes: { authorizationScheme: "user-delegated", ui: true } };
const SECOND_USER = { username: "second-user", password: "user123" };
const MARKET_PROMPT = "optimize laptop supply chain and perform market analysis";
const WAIT = { timeout: 30_000 };

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

/** A page with a signed-in user, and the ids of the runs it has started. */
interface UserPage extends WatchedPage {
  readonly runs: readonly string[];
}

async function signedInPage(stack: TestStack): Promise<UserPage> {
  const watched = await openPage(browser);
  const { page } = watched;
  const runs: string[] = [];
  // The browser leaves for the consent page at once, and an answer that was navigated away from
  // cannot be read later.
  await page.route("**/optimization/start", async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    const response = await route.fetch();
    runs.push(((await response.json()) as { request_id: string }).request_id);
    await route.fulfill({ response });
  });
  await page.setViewportSize({ width: 1280, height: 900 });
  await signInOnPage(page, stack.urls.ui);
  return { ...watched, runs };
}

/** Presses the button and returns the id of the started run. */
async function startRun({ page, runs }: UserPage, button = "Optimize Laptop Supply Chain"): Promise<string> {
  const before = runs.length;
  await page.getByRole("button", { name: button }).click();
  await expect.poll(() => runs.length, WAIT).toBe(before + 1);
  return runs.at(-1)!;
}

/** Waits until the page shows this run as completed. */
async function runCompleted(page: Page, requestId: string): Promise<void> {
  await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
  await page.getByTestId("run-status").getByTitle(`Request id ${requestId}`).waitFor(WAIT);
}

async function failureCode(page: Page): Promise<string | null> {
  await page.getByTestId("failure-panel").waitFor(WAIT);
  return page.getByTestId("failure-panel").locator("code").textContent();
}

const fitsWidth = (page: Page) => page.evaluate("document.documentElement.scrollWidth <= window.innerWidth");

describe("a user who is asked", () => {
  let stack: TestStack;
  let watched: UserPage;
  let callback: string;

  beforeAll(async () => {
    stack = await startStack(OPTIONS);
    watched = await signedInPage(stack);
    watched.page.on("request", (request) => {
      if (request.url().includes("/auth/aauth/callback?")) callback = request.url();
    });
  });
  afterAll(async () => {
    await watched?.context.close();
    await stack?.stop();
  });

  test("sees the agent and its request, allows it, and the same run continues through both agents", async () => {
    const { page } = watched;
    await fillPrompt(page, MARKET_PROMPT);
    const requestId = await startRun(watched, "Run Custom Optimization");
    await consentPageOpen(page);
    const text = await page.locator("main").textContent();
    for (const part of [
      "mcp-user",
      stack.urls.backendAgent,
      stack.urls.supplyChainAgent,
      "Optimize the laptop supply chain",
      "Ask the market-analysis agent",
    ])
      expect(text).toContain(part);
    await screenshot(page, "consent-page");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 400, height: 800 });
    expect(await fitsWidth(page)).toBe(true);
    await screenshot(page, "consent-page-phone-dark");
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: "light" });

    await decideConsent(page, "Allow");
    await runCompleted(page, requestId);
    const outcome = page.getByTestId("run-status").getByRole("heading");
    expect(await outcome.evaluate((element) => element.matches(":focus"))).toBe(true);
    expect(new URL(page.url()).search).toBe("");
    expect(await page.getByLabel("Custom prompt").inputValue()).toBe(MARKET_PROMPT);
    await openReport(page, "Market Analysis Report");

    const log = stack.log();
    expect(log).toMatch(
      new RegExp(
        `market-analysis-agent +\\| .*Received auth_token in request.*"act":\\{"agent":"${stack.urls.backendAgent}"`,
      ),
    );
    expect(log).not.toMatch(/eyJ[\w-]+\.eyJ/);
  });

  test("sees the granted access, its agent and its expiry", async () => {
    const { page } = watched;
    const panel = page.getByTestId("granted-consent");
    await unfold(page, "granted-consent");
    const text = await panel.textContent();
    for (const part of [
      "You allowed this",
      stack.urls.backendAgent,
      stack.urls.supplyChainAgent,
      "supply-chain:optimize",
      "market-analysis:analyze",
      "valid until",
    ])
      expect(text).toContain(part);
    // The page's head stays in place and would cover a part that has to be scrolled to.
    await page.evaluate("window.scrollTo(0, 0)");
    await screenshot(panel, "ui-consent-granted");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 400, height: 800 });
    expect(await fitsWidth(page)).toBe(true);
    await screenshot(panel, "ui-consent-granted-phone-dark");
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: "light" });
  });

  test("gets nowhere with the same answer a second time", async () => {
    const { page } = watched;
    const tokens = () => stack.log().match(/\(code exchange\)/g)?.length;
    const before = tokens();
    await page.goto(callback);
    expect(await failureCode(page)).toBe("unknown_request");
    expect(tokens()).toBe(before);
    expect(new URL(page.url()).search).toBe("");
  });

  test("is not asked again for the same thing", async () => {
    const { page } = watched;
    await runCompleted(page, await startRun(watched));
    await page.getByTestId("run-status").getByText("You allowed this.").waitFor();
  });

  test("revokes it, and is asked again; says no, and tries again", async () => {
    const { page } = watched;
    const panel = page.getByTestId("granted-consent");
    await unfold(page, "granted-consent");
    await panel.getByRole("button", { name: "Revoke" }).click();
    await panel.getByText(/^Revoked at/).waitFor(WAIT);
    expect(await panel.getByRole("button").count()).toBe(0);
    await screenshot(panel, "ui-consent-revoked");

    await startRun(watched);
    await consentPageOpen(page);
    await decideConsent(page, "Deny");
    await page.getByTestId("denial").getByText("access_denied").waitFor(WAIT);
    expect(await page.getByTestId("failure-panel").count()).toBe(0);
    await screenshot(page, "ui-consent-denied");

    const again = await startRun(watched, "Try again");
    await consentPageOpen(page);
    await decideConsent(page, "Allow");
    await runCompleted(page, again);
    await unfold(page, "granted-consent");
    expect(await panel.getByRole("button", { name: "Revoke" }).count()).toBe(1);
  });

  test("finds the run waiting when coming back without an answer, and answers then", async () => {
    const { page } = watched;
    await page.getByTestId("granted-consent").getByRole("button", { name: "Revoke" }).click();
    await page.getByText(/^Revoked at/).waitFor(WAIT);
    const requestId = await startRun(watched);
    await consentPageOpen(page);
    await page.goto(stack.urls.ui);
    await page.getByTestId("consent-notice").waitFor(WAIT);
    await screenshot(page, "ui-awaiting-consent");
    await page.getByRole("button", { name: "Review the request" }).click();
    await consentPageOpen(page);
    await decideConsent(page, "Allow");
    await runCompleted(page, requestId);
  });

  test("cannot lend a run to another user who is signed in at the auth server", async () => {
    const { context, page } = watched;
    await context.clearCookies();
    const requestId = await startRun(watched);
    await signInForConsent(page, SECOND_USER);
    expect(await page.locator("main").textContent()).toContain("second-user");
    await decideConsent(page, "Allow");
    expect(await failureCode(page)).toBe("wrong_user");
    expect(await page.getByTestId("granted-consent").count()).toBe(0);
    await screenshot(page, "ui-consent-wrong-user");
    expect(await page.getByRole("link", { name: "Show every message" }).count()).toBe(1);

    // The other user's page shows it as another user's run. A browser without a session shows the
    // outcome before signing in.
    const other = await openPage(browser);
    other.expectComplaint(/status of 404/);
    await other.page.goto(`${stack.urls.ui}/?aauth_error=1&error=wrong_user&request_id=${requestId}`);
    expect(await failureCode(other.page)).toBe("wrong_user");
    await expectAccessible(other.page, "ui-signed-out-wrong-user");
    await other.page.getByRole("button", { name: "Sign in" }).click();
    await fillLoginPage(other.page, SECOND_USER);
    await other.page.getByTestId("signed-in-user").waitFor(WAIT);
    expect(await failureCode(other.page)).toBe("wrong_user");
    await other.page.waitForLoadState("networkidle");
    expect(await other.page.getByRole("button", { name: "Try again" }).count()).toBe(0);
    expect(await other.page.getByRole("link", { name: "Show every message" }).count()).toBe(0);

    // The other user's consent is not remembered either, so the question is asked again.
    await startRun(watched, "Try again");
    await consentPageOpen(page);
    await context.clearCookies();
    await page.reload();
    await signInForConsent(page, DEMO_USER);
    await decideConsent(page, "Allow");
    await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
  });
});
