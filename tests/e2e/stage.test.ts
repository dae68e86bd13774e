/**
 * The stage on the front page: a run that is replayed, stepped through and folded, and a page that
 * stays where it is.
 */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectAccessible } from "../support/accessibility.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { unfold } from "../support/front-page.ts";
import { screenshot } from "../support/screenshot.ts";
import { signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const WAIT = { timeout: 30_000 };

let browser: Browser;
let stack: TestStack;
let watched: WatchedPage;
let page: Page;

beforeAll(async () => {
  browser = await startBrowser();
  stack = await startStack({ modes: { profile: "draft-11", mode: "person-server", ui: true } });
  watched = await openPage(browser);
  page = watched.page;
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ reducedMotion: "no-preference" });
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

const player = () => page.getByTestId("player");
const sentence = () => player().getByRole("status");
const button = (name: string) => player().getByRole("button", { name });
const messages = () => page.getByRole("link", { name: /^Message \d+ of / });
const faint = () => page.getByTestId("sequence-picture").locator("[data-future=true]").count();
const scrolled = () => page.evaluate("window.scrollY");
const current = () => page.getByTestId("sequence-picture").locator("a[aria-current=true]").textContent();

const focused = () => page.locator(":focus").textContent({ timeout: 1000 });

async function decide(): Promise<void> {
  await page.getByRole("heading", { name: /^Let .* act for you at / }).waitFor(WAIT);
  // The backend polls meanwhile, more than once.
  await page.waitForTimeout(10_000);
  await page.getByRole("button", { name: "Allow", exact: true }).click();
}

async function completed(): Promise<void> {
  await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
}

test("before the first run the stage describes it", async () => {
  await signInOnPage(page, stack.urls.ui);
  await page.getByRole("heading", { name: "What will happen" }).waitFor(WAIT);
  expect(await page.getByTestId("protocol-view").count()).toBe(0);
  await expectAccessible(page, "stage-empty");
  await page.emulateMedia({ reducedMotion: "no-preference" });
});

test("the first run of a browser is replayed by itself, message by message, without scrolling", async () => {
  await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
  await decide();
  await completed();
  // Already before the trace is known to be complete, which takes 15 s.
  await button("Pause").waitFor({ timeout: 10_000 });
  await expect.poll(faint, WAIT).toBeGreaterThan(0);
  // Screen readers do not announce messages at this speed.
  expect(await sentence().getAttribute("aria-live")).toBe("off");
  expect(await scrolled()).toBe(0);
});

test("a button at its end keeps the keyboard focus, and a replay that has ended begins again", async () => {
  while ((await button("Next").getAttribute("aria-disabled")) !== "true") await button("Next").press("Enter");
  expect(await focused()).toBe("Next");
  await button("Previous").click();
  await button("Play").click();
  await button("Pause").waitFor(WAIT);
  await button("Play").waitFor(WAIT);
  await expect.poll(faint, WAIT).toBe(0);
  expect(await sentence().textContent()).toMatch(/^Message (\d+) of \1 /);
  await button("Play").click();
  await expect.poll(current, WAIT).toMatch(/^Message 1 /);
  await button("Pause").click();
  expect(await scrolled()).toBe(0);
});

test("polls are one line with their number and time, which opens", async () => {
  const folded = await messages().count();
  const polls = page.getByTestId("sequence-picture").getByText(/^\d+ polls, \d+ s$/);
  await polls.waitFor(WAIT);
  await page.getByRole("button", { name: "Show each poll" }).click();
  await polls.waitFor({ ...WAIT, state: "detached" });
  expect(await messages().count()).toBeGreaterThan(folded);
  await page.getByRole("button", { name: "Fold the polls" }).click();
  await polls.waitFor(WAIT);
  expect(await messages().count()).toBe(folded);
  // The line itself opens, too, and keeps the keyboard focus.
  const first = messages().filter({ hasText: "poll for the answer" }).first();
  await first.press("Enter");
  await polls.waitFor({ ...WAIT, state: "detached" });
  expect(await focused()).toBe(await first.textContent());
  await page.getByRole("button", { name: "Fold the polls" }).click();
});

test("the user plays, pauses, and steps by button and key, and each message is said", async () => {
  await page.keyboard.press("Home");
  // Playwright scrolls an element into view before it clicks it.
  await messages().nth(1).scrollIntoViewIfNeeded();
  const at = await scrolled();
  await messages().first().click();
  await button("Play").click();
  await expect.poll(async () => (await current())?.slice(0, 9), WAIT).not.toBe("Message 1");
  await button("Pause").click();
  expect(await sentence().getAttribute("aria-live")).toBe("polite");
  const paused = await current();
  await page.waitForTimeout(4000);
  expect(await current()).toBe(paused);
  expect(await faint()).toBeGreaterThan(0);

  const before = await sentence().textContent();
  await button("Next").click();
  await expect.poll(() => sentence().textContent(), WAIT).not.toBe(before);
  await button("Previous").click();
  await expect.poll(() => sentence().textContent(), WAIT).toBe(before);
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => sentence().textContent(), WAIT).not.toBe(before);
  await messages().nth(1).click();
  expect(await sentence().textContent()).toContain("“No. I need");
  expect(page.url()).not.toContain("#/runs");
  expect(await scrolled()).toBe(at);
  await screenshot(page, "stage", { fullPage: false });
});

test("a later run waits for the user to play it", async () => {
  await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
  await page.getByRole("heading", { name: "Starting" }).waitFor({ ...WAIT, state: "detached" });
  await completed();
  await page.getByText("step through with the arrow keys").waitFor(WAIT);
  await page.waitForTimeout(1500);
  expect(await button("Pause").count()).toBe(0);
});

test("a user who prefers reduced motion sees all messages at once, and may play them", async () => {
  const still = await openPage(browser);
  await signInOnPage(still.page, stack.urls.ui);
  await still.page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
  await still.page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
  await still.page.getByText("step through with the arrow keys").waitFor(WAIT);
  await still.page.waitForTimeout(1500);
  expect(await still.page.getByRole("button", { name: "Pause" }).count()).toBe(0);
  await still.page.getByRole("button", { name: "Play", exact: true }).click();
  await still.page.getByRole("button", { name: "Pause" }).waitFor(WAIT);
});

test("the page of a run has the same stage, with the same order of parts below it", async () => {
  await page.setViewportSize({ width: 1280, height: 900 });
  const order = () =>
    page.locator("main h2").evaluateAll((headings) => headings.map(({ textContent }) => textContent));
  const parts = ["Messages", "Now break it", "Report", "Spans", "Order laptops", "Your runs"];
  expect((await order()).filter((name) => parts.includes(name ?? ""))).toEqual(parts);
  await unfold(page, "spans");
  await expectAccessible(page, "stage", { everyShape: true });
  await page.getByRole("link", { name: "Show every message" }).click();
  await page.getByRole("heading", { name: "Every message of run" }).waitFor(WAIT);
  await player().waitFor(WAIT);
  const ofStage = ["Messages", "Now break it", "Spans", "Take it along"];
  expect((await order()).filter((name) => ofStage.includes(name ?? ""))).toEqual(ofStage);
  await page.getByRole("link", { name: "Back to the demo" }).click();
});
