/**
 * The main journeys, one after the other, on one stack and in one browser. Everything else that a
 * page can show is in the files beside.
 */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPage, startBrowser } from "../support/browser.ts";
import { consentPageOpen, decideConsent } from "../support/consent-page.ts";
import { fillPrompt, openReport, unfold } from "../support/front-page.ts";
import { signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const WAIT = { timeout: 60_000 };
const PROMPT = "optimize laptop supply chain and perform market analysis";

let browser: Browser;
let stack: TestStack;
let page: Page;

beforeAll(async () => {
  [browser, stack] = await Promise.all([
    startBrowser(),
    startStack({ modes: { authorizationScheme: "user-delegated", ui: true } }),
  ]);
  ({ page } = await openPage(browser));
  page.setDefaultTimeout(WAIT.timeout);
  await page.setViewportSize({ width: 1280, height: 1000 });
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

const heading = (name: string | RegExp) => page.getByRole("heading", { name }).waitFor();

test("a user signs in, consents, and both agents answer in the user's name", async () => {
  await signInOnPage(page, stack.urls.ui);
  await fillPrompt(page, PROMPT);
  await page.getByRole("button", { name: "Run Custom Optimization" }).click();
  await consentPageOpen(page);
  expect(await page.locator("main").textContent()).toContain(stack.urls.supplyChainAgent);
  await decideConsent(page, "Allow");
  await heading("Optimization completed");
  await openReport(page, "Market Analysis Report");
  expect(await page.getByTestId("agent-response").textContent()).toMatch(
    new RegExp(
      `Asked by: ${stack.urls.supplyChainAgent}, for user [0-9a-f-]{36}, called by ${stack.urls.backendAgent}`,
    ),
  );
});

test("every message of the run is shown, with its checks", async () => {
  await page.getByRole("link", { name: "Show every message" }).click();
  const messages = page.getByRole("link", { name: /^Message \d+ of / });
  await expect.poll(() => messages.count(), WAIT).toBe(10);
  await messages.nth(9).click();
  await heading(/^10\. /);
  const answers = await page.getByTestId("message-answers").textContent();
  expect(answers).toContain(`proven to be ${stack.urls.supplyChainAgent}`);
  expect(answers).toContain("All checks passed at Gateway, Market-analysis agent");
});

test("a tampered request is refused, and the difference is shown", async () => {
  await page.getByRole("button", { name: /^Show \d+ more attacks on AAuth$/ }).click();
  await page.getByRole("button", { name: "Try: Send it to another path" }).click();
  const variant = page.locator('[data-variant="changed-path"]');
  await variant.getByText("Refused by the gateway").waitFor();
  expect(await variant.getByTestId("refusal-code").textContent()).toBe("invalid_signature");
});

test("a consent that was revoked is asked for again, and a denied run ends without a failure", async () => {
  await page.getByRole("link", { name: "Back to the demo" }).click();
  await unfold(page, "granted-consent");
  await page.getByTestId("granted-consent").getByRole("button", { name: "Revoke" }).click();
  await page.getByText(/^Revoked at/).waitFor();
  await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
  await consentPageOpen(page);
  await decideConsent(page, "Deny");
  await page.getByTestId("denial").getByText("access_denied").waitFor();
});

test("a user approves an order on the agent's own page, and it is placed", async () => {
  const panel = page.getByTestId("order-panel");
  await unfold(page, "order-panel");
  await panel.getByRole("button", { name: "Show the catalogue" }).click();
  await panel.getByLabel("Model").selectOption("MacBook Pro");
  await panel.getByLabel("Quantity").fill("40");
  await panel.getByRole("button", { name: /^Order for/ }).click();
  await consentPageOpen(page);
  await decideConsent(page, "Allow");
  await heading("Approve this order?");
  expect(new URL(page.url()).origin).toBe(stack.urls.supplyChainAgent);
  await page.getByRole("button", { name: "Approve" }).click();
  await panel.getByText(/40 × MacBook Pro for \$100,000, approved by mcp user/).waitFor();
});

test("no token or signature is in any service's log", () => {
  const log = stack.log();
  expect(log).toContain("Token exchange");
  expect(log).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+/);
  expect(log).not.toMatch(/sig1=:[\w+/=-]{40,}/);
});
