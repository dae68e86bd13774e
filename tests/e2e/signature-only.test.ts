import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { openReport } from "../support/front-page.ts";
import { signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const WAIT = { timeout: 30_000 };

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

describe.each(["hwk", "jwks"] as const)("a user whose agents only sign with scheme %s", (scheme) => {
  let stack: TestStack;
  let watched: WatchedPage;
  beforeAll(async () => {
    const modes = { signatureScheme: scheme, authorizationScheme: "signature-only", ui: true } as const;
    stack = await startStack({ modes });
    watched = await openPage(browser);
    await watched.page.setViewportSize({ width: 1280, height: 1000 });
  });
  afterAll(async () => {
    await watched?.context.close();
    await stack?.stop();
  });

  test("gets an answer without challenge and token", async () => {
    const { page } = watched;
    await signInOnPage(page, stack.urls.ui);
    await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
    await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
    await openReport(page, "Supply Chain Optimization Analysis");
    const feed = await page.getByTestId("activity-feed").textContent();
    expect(feed).toContain("Request signed");
    for (const step of ["Challenge received", "Auth token"]) expect(feed).not.toContain(step);
    expect(await page.getByTestId("granted-consent").count()).toBe(0);
    const facts = await page.getByTestId("agent-response").locator("dl").textContent();
    expect(facts).toBe("BySupply-chain agentAuth tokennot needed");
  });

  test(`sees in the message ${scheme === "hwk" ? "a key and no name" : "whose key it is"}`, async () => {
    const { page } = watched;
    await page.getByRole("link", { name: "Show every message" }).click(WAIT);
    const messages = page.getByRole("link", { name: /^Message \d+ of / });
    await expect.poll(() => messages.count(), WAIT).toBe(2);
    await messages.nth(1).click();
    await page.getByRole("heading", { name: /^2\. / }).waitFor(WAIT);
    // The verifiers' spans arrive a little later than the answer.
    await page.getByTestId("message-answers").getByText("All checks passed at").waitFor({ timeout: 30_000 });
    const answers = await page.getByTestId("message-answers").textContent();
    const isNamed = answers?.includes(`proven to be ${stack.urls.backendAgent}`);
    expect(isNamed).toBe(scheme === "jwks");
    expect(answers).toContain("All checks passed at Gateway, Supply-chain agent");
  });
});
