import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectAccessible } from "../support/accessibility.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import { orderOnPage } from "../support/order-page.ts";
import { screenshot } from "../support/screenshot.ts";
import { signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const WAIT = { timeout: 30_000 };

let browser: Browser;
let stack: TestStack;
let page: Page;

beforeAll(async () => {
  browser = await startBrowser();
  stack = await startStack({ modes: { profile: "draft-11", mode: "person-server", ui: true } });
  ({ page } = await openPage(browser));
  await page.setViewportSize({ width: 1280, height: 900 });
  await signInOnPage(page, stack.urls.ui);
});
afterAll(async () => {
  await stack?.stop();
  await browser?.close();
});

const order = (model: string) => orderOnPage(page, model);
const approvalPage = () => page.getByRole("heading", { name: "Approve this order?" }).waitFor(WAIT);
const outcome = (text: RegExp) => page.getByTestId("order-panel").getByText(text).waitFor(WAIT);

test("a user allows the agent, approves the order on the supply-chain agent's page, and it is placed", async () => {
  await order("MacBook Pro");
  await page.getByRole("heading", { name: "An agent wants to be known as yours" }).waitFor(WAIT);
  await page.getByRole("button", { name: "Allow", exact: true }).click();
  // The browser goes on by itself, and is signed in there.
  await approvalPage();
  expect(new URL(page.url()).origin).toBe(stack.urls.supplyChainAgent);
  const text = await page.locator("main").textContent();
  const parts = ["An agent that acts for you", "40 × MacBook Pro, Apple", "$100,000", "mcp-user"];
  for (const part of parts) expect(text).toContain(part);
  await expectAccessible(page, "draft-11-order-approval");
  await screenshot(page, "draft-11-order-approval", { fullPage: false });
  await page.getByRole("button", { name: "Approve" }).click();
  await outcome(/40 × MacBook Pro for \$100,000, approved by mcp-user/);
  expect(new URL(page.url()).search).toBe("");
  await expectAccessible(page, "draft-11-order-placed");
  await screenshot(page.getByTestId("order-panel"), "draft-11-order-placed");
});

test("its messages are a picture: the tokens, the order that is held, and its answer", async () => {
  await page.getByRole("link", { name: "Show the order’s messages" }).click();
  await page.getByRole("heading", { name: /^Every message of order/ }).waitFor(WAIT);
  await page.getByText("token request: auth-token").first().waitFor(WAIT);
  const messages = page.getByRole("link", { name: /^Message \d+ of / });
  const statuses = async () =>
    (await messages.allTextContents()).map((text) => /status (\d+)/.exec(text)?.[1]);
  await expect.poll(statuses, WAIT).toContain("201");
  expect(await statuses()).toEqual(expect.arrayContaining(["401", "202", "201"]));
  await screenshot(page, "draft-11-order-messages", { fullPage: false });
  await page.getByRole("link", { name: "Back to the workspace" }).click();
});

test("the next one asks only about the order; one who goes back can go on, and declined, it is not placed", async () => {
  await order("Dell XPS");
  await approvalPage();
  await page.goBack();
  await outcome(/40 × Dell XPS: waiting for your approval on the supply-chain agent’s page/);
  await page.getByTestId("order-panel").getByRole("link", { name: "Continue" }).click();
  await approvalPage();
  await page.getByRole("button", { name: "Decline" }).click();
  await outcome(/you declined 40 × Dell XPS/);
});
