import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectAccessible } from "../support/accessibility.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import { fillPrompt } from "../support/front-page.ts";
import { screenshot } from "../support/screenshot.ts";
import { fillLoginPage, signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const WAIT = { timeout: 30_000 };
const MARKET_PROMPT = "optimize laptop supply chain and perform market analysis";

let browser: Browser;
let stack: TestStack;

beforeAll(async () => {
  browser = await startBrowser();
  stack = await startStack({
    modes: { profile: "draft-11", mode: "person-server", ui: true },
    // Makes the second hop ask a question, too.
    env: { "person-server": { PERSON_SERVER_CONSENT_SCOPES: "market-analysis:analyze" } },
  });
});
afterAll(async () => {
  await stack?.stop();
  await browser?.close();
});

test("from the click over both hops: the person server's page, the agent's way to it, and back", async () => {
  const { page, context } = await openPage(browser);
  await page.setViewportSize({ width: 1280, height: 900 });
  await signInOnPage(page, stack.urls.ui);
  await fillPrompt(page, MARKET_PROMPT);
  await page.getByRole("button", { name: "Run Custom Optimization" }).click();

  await page.getByRole("heading", { name: /^Let .* act for you at / }).waitFor(WAIT);
  await screenshot(page, "draft-11-person");
  await page.getByRole("button", { name: "Allow", exact: true }).click();

  const notice = page.getByTestId("consent-notice");
  await notice.waitFor(WAIT);
  expect(await notice.textContent()).toContain("https://supply-chain-agent.localhost");
  await expectAccessible(page, "draft-11-notice");
  await notice.getByRole("button").click();

  await page.getByRole("heading", { name: /^Let .* do this for you at / }).waitFor(WAIT);
  expect(await page.locator("main").textContent()).toContain("market-analysis:analyze");
  await screenshot(page, "draft-11-permission");
  await page.getByRole("button", { name: "Allow", exact: true }).click();

  await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
  await screenshot(page, "draft-11-completed");

  await page.getByRole("link", { name: "Show every message" }).click();
  await page.getByRole("heading", { name: "Every message of run" }).waitFor(WAIT);
  // Three of the backend's and three of the agent's, in any order, because the number of polls
  // differs.
  await page.getByText("message/send, signed with jwt").nth(4).waitFor(WAIT);
  await page.getByText("token request: person-token").first().waitFor(WAIT);
  await page.getByText("token request: auth-token").first().waitFor(WAIT);
  await screenshot(page, "draft-11-messages");

  await page.goto(`${stack.urls.personServer}/granted`);
  await page.getByRole("button", { name: "Revoke" }).nth(1).waitFor(WAIT);
  await screenshot(page, "draft-11-granted");
  await context.close();
}, 120_000);

test("a request for another user waits: the run keeps its page, and the other user signs in from there", async () => {
  const { page, context, expectComplaint } = await openPage(browser);
  expectComplaint(/status of 403/);
  await signInOnPage(page, stack.urls.ui);
  await page.goto(`${stack.urls.personServer}/granted`);
  await page.goto(stack.urls.ui);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).click();
  await fillLoginPage(page, { username: "second-user", password: "user123" });
  await page.getByTestId("signed-in-user").waitFor(WAIT);
  await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();

  await page.getByRole("heading", { name: "This request is not for you" }).waitFor(WAIT);
  await expectAccessible(page, "person-other-user");
  await page.getByRole("link", { name: "Go back without deciding" }).click();
  await page.getByTestId("consent-notice").waitFor(WAIT);
  await page.reload();
  await page.getByRole("button", { name: "Review the request" }).click();
  await page.getByRole("button", { name: "Switch user" }).click();
  await page.getByRole("heading", { name: /^Let .* act for you at / }).waitFor(WAIT);
  await page.getByText("You are signed in as second-user").waitFor(WAIT);
  await page.getByRole("button", { name: "Allow", exact: true }).click();
  await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
  await context.close();
}, 120_000);
