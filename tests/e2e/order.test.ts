import { installLocalhostLookup } from "agent-kit/service";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { consentPageOpen, decideConsent, signInForConsent } from "../support/consent-page.ts";
import { orderOnPage } from "../support/order-page.ts";
import { startOrder } from "../support/order-run.ts";
import { screenshot } from "../support/screenshot.ts";
import { signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

const SECOND_USER = { username: "second-user", password: "user123" };
const INTERACTION = /\/interaction\?session=/;
const WAIT = { timeout: 30_000 };

let browser: Browser;
let stack: TestStack;
let watched: WatchedPage;
let page: Page;
/** Addresses the user's browser was sent to. */
const interactions: string[] = [];
const returns: string[] = [];

beforeAll(async () => {
  browser = await startBrowser();
  stack = await startStack({ modes: { ui: true } });
  watched = await openPage(browser);
  page = watched.page;
  page.on("request", (request) => {
    if (INTERACTION.test(request.url())) interactions.push(request.url());
    if (request.url().includes("/auth/aauth/interaction?")) returns.push(request.url());
  });
  await page.setViewportSize({ width: 1280, height: 900 });
  await signInOnPage(page, stack.urls.ui);
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

const order = (model = "Dell XPS") => orderOnPage(page, model);
const approvalPage = () => page.getByRole("heading", { name: "Approve this order?" }).waitFor(WAIT);
const outcome = (text: RegExp) => page.getByTestId("order-panel").getByText(text).waitFor(WAIT);

test("a user approves an order on the agent's own page, and it is placed", async () => {
  await order("MacBook Pro");
  // The agent asks the auth server which user is there; the user agrees to that once.
  await consentPageOpen(page);
  expect(await page.locator("main").textContent()).toContain("An agent wants to know who you are");
  await decideConsent(page, "Allow");
  await approvalPage();
  expect(new URL(page.url()).origin).toBe(stack.urls.supplyChainAgent);
  const text = await page.locator("main").textContent();
  for (const part of [
    stack.urls.backendAgent,
    "40 × MacBook Pro, Apple",
    "$100,000",
    "mcp user, mcp@user.com",
  ]) {
    expect(text).toContain(part);
  }
  await screenshot(page, "order-approval", { fullPage: false });
  await page.getByRole("button", { name: "Approve" }).click();
  await outcome(/40 × MacBook Pro for \$100,000, approved by mcp user, mcp@user.com/);
  expect(new URL(page.url()).search).toBe("");
  await screenshot(page.getByTestId("order-panel"), "ui-order-placed");
});

test("the order's messages are a picture: challenge, interaction, return, the same request again", async () => {
  await page.getByRole("link", { name: "Show the order’s messages" }).click();
  await page.getByRole("heading", { name: /^Every message of order/ }).waitFor(WAIT);
  const messages = page.getByRole("link", { name: /^Message \d+ of / });
  await expect.poll(() => messages.count(), WAIT).toBe(5);
  const statuses = (await messages.allTextContents()).map((text) => /status (\d+)/.exec(text)?.[1]);
  expect(statuses).toEqual(["200", "401", undefined, "303", "201"]);
  await messages.nth(1).click();
  const answers = page.getByTestId("message-answers");
  await answers.getByText(`It requires a user interaction at ${stack.urls.supplyChainAgent}/`).waitFor(WAIT);
  const address = page.url();
  expect(address).toMatch(/#\/orders\/[\w-]{36}\/messages\/[0-9a-f]{16}$/);
  // What opens the agent's page is in none of it.
  for (const text of [await page.locator("main").textContent(), address])
    expect(text).not.toContain("session=");
  await page.evaluate("window.scrollTo(0, 0)");
  await screenshot(page, "order-messages", { fullPage: false });
  await page.setViewportSize({ width: 400, height: 900 });
  await page.emulateMedia({ colorScheme: "dark" });
  await screenshot(page, "order-messages-phone-dark", { fullPage: false });
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("about:blank");
  await page.goto(address);
  await answers.getByText("It requires a user interaction").waitFor(WAIT);
  await page.getByRole("link", { name: "Back to the workspace" }).click();
});

test("another user's order shows nothing", async () => {
  watched.expectComplaint(/status of 404/);
  await page.goto(`${stack.urls.ui}/#/orders/00000000-0000-4000-8000-000000000000`);
  await page.getByTestId("failure-panel").getByText("No such order").waitFor(WAIT);
  await page.getByRole("link", { name: "Back to the workspace" }).click();
});

test("the next one asks only about the order; one who goes back can go on, and declined, it is not placed", async () => {
  await order();
  await approvalPage();
  await page.goBack();
  await outcome(/40 × Dell XPS: waiting for your approval on the supply-chain agent’s page/);
  expect(await page.getByTestId("failure-panel").count()).toBe(0);
  await page.getByTestId("order-panel").getByRole("link", { name: "Continue" }).click();
  await approvalPage();
  await page.getByRole("button", { name: "Decline" }).click();
  await outcome(/you declined 40 × Dell XPS/);
});

test("the way back is good once", async () => {
  await page.goto(returns.at(-1)!);
  await page.getByTestId("failure-panel").getByText("unknown_request").waitFor(WAIT);
});

test("an order that cannot be is refused without an interaction", async () => {
  const before = interactions.length;
  const panel = page.getByTestId("order-panel");
  await panel.getByRole("button", { name: "Show the catalogue" }).click();
  await panel.getByLabel("Quantity").fill("5000");
  await panel.getByRole("button", { name: /^Order for/ }).click();
  await panel.getByText("order_refused").waitFor(WAIT);
  expect(interactions).toHaveLength(before);
});

test("another user, and another browser, get nowhere with the address of a user's interaction", async () => {
  await page.reload();
  await order("HP EliteBook");
  await approvalPage();
  const address = interactions.at(-1)!;
  const other = await openPage(browser);
  other.expectComplaint(/status of 403/);
  watched.expectComplaint(/status of 403/);
  await other.page.goto(address);
  await other.page.getByText("It was begun in another browser").waitFor(WAIT);

  await page.getByRole("button", { name: "Decline" }).click();
  await outcome(/you declined/);

  // The other user is the first to come: the interaction is theirs then, but not the decision.
  const { waiting } = await startOrder(stack);
  const stolen = waiting.interaction_url!;
  await other.page.goto(stolen);
  await signInForConsent(other.page, SECOND_USER);
  await decideConsent(other.page, "Allow");
  await other.page.getByText("You are not the person who must approve this order").waitFor(WAIT);
  await page.goto(stolen);
  await page.getByText("It was begun in another browser").waitFor(WAIT);
});
