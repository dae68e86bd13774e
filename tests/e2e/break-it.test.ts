import { attacksWith } from "backend-api";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { screenshot } from "../support/screenshot.ts";
import { signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const WAIT = { timeout: 30_000 };
const ALL = attacksWith("february").length;
const TWINS = attacksWith("bearer").length;

let stack: TestStack;
let browser: Browser;
let watched: WatchedPage;

beforeAll(async () => {
  stack = await startStack({ modes: { ui: true }, processes: ["gateway"] });
  browser = await startBrowser();
  watched = await openPage(browser);
  const { page } = watched;
  await page.setViewportSize({ width: 1280, height: 1000 });
  await signInOnPage(page, stack.urls.ui);
  await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
  await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
  await page.getByRole("link", { name: "Show every message" }).click();
  await page.getByRole("button", { name: /^Show \d+ more attacks on AAuth$/ }).click(WAIT);
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

test("a button sends it, the answer is there, and the message can be looked at with the differing bytes marked", async () => {
  const { page } = watched;
  await page.getByRole("button", { name: "Try: Send it to another path" }).click();
  const variant = page.locator('[data-variant="changed-path"]');
  await variant.getByText("Refused by the gateway").waitFor(WAIT);
  expect(await variant.getByTestId("refusal-code").textContent()).toBe("invalid_signature");
  await variant.getByRole("button", { name: "Show the message" }).click();
  const opened = page.locator('[data-opened="changed-path"]');
  await opened.getByRole("tab", { name: "Signature" }).click(WAIT);
  await opened.getByTestId("message-detail").getByText("The differences are marked").waitFor(WAIT);
  expect(await opened.locator("mark").allTextContents()).toContain("admin");
  // High enough for everything, because a sticky header would cover a scrolled picture.
  await page.setViewportSize({ width: 1280, height: 6000 });
  await screenshot(opened.getByRole("tabpanel"), "break-it-changed-path");
  await variant.getByRole("button", { name: "Hide the message" }).click();
  await page.setViewportSize({ width: 1280, height: 1000 });
});

test("three attacks succeed on a bearer token and are refused by AAuth, side by side", async () => {
  const { page } = watched;
  for (const [variant, title, bearer, aauth, check] of [
    [
      "stolen-token",
      "Steal the token and use it",
      "200: the thief has the report",
      "the token belongs to another key",
      "signature",
    ],
    ["replay", "Replay the request", "201: ordered twice", "the request was sent before", "replay"],
    ["changed-body", "Change one byte of the body", "25.0 became 2500", "was changed", "content-digest"],
  ] as const) {
    await page.getByRole("button", { name: `Try: ${title}` }).click(WAIT);
    const row = page.locator(`[data-variant="${variant}"]`);
    await row.getByText(`401: `).waitFor(WAIT);
    const [left, right] = await row.getByRole("cell").allTextContents();
    expect(left).toContain(bearer);
    expect(right).toContain(aauth);
    expect(right).toContain(`at its check ${check}`);
  }
  const changed = page.locator('[data-variant="changed-body"]');
  await changed.getByRole("button", { name: "Show both sides" }).click();
  const opened = page.locator('[data-opened="changed-body"]');
  // One byte of the request, as it was really sent.
  expect(await opened.locator("[data-sender=network] mark").allTextContents()).toEqual(["0"]);
  await opened.getByText(/^201 .*"quantity":2500/).waitFor();
  await opened.getByTestId("message-answers").getByText("Refused by Supply-chain agent").waitFor(WAIT);
  await page.setViewportSize({ width: 1280, height: 6000 });
  await screenshot(page.getByTestId("break-it"), "break-it");
  await page.setViewportSize({ width: 1280, height: 1000 });
  await changed.getByRole("button", { name: "Hide both sides" }).click();
});

test("one press makes all attacks, one after the other, and reports their outcome", async () => {
  const { page } = watched;
  const panel = page.getByTestId("break-it");
  await panel.getByRole("button", { name: `Run all ${ALL}` }).click();
  await panel.getByRole("button", { name: "Stop" }).waitFor();
  await panel.getByRole("button", { name: `Run all ${ALL}` }).waitFor(WAIT);
  expect(await panel.getByRole("status").textContent()).toBe(
    `AAuth refused ${ALL} of ${ALL} attacks. The bearer route let in ${TWINS} of ${TWINS} attacks.`,
  );
  expect(await panel.locator("[data-refused=true]").count()).toBe(ALL);
  expect(await panel.locator("[data-refused=false]").count()).toBe(TWINS);
});

test.each([
  ["stolen-token", "both sides", /Key thief-1, .*The token is bound to another key: refused\./],
  ["other-key", "the message", /Key thief-1, .*The signer publishes another key: refused\./],
])("S4: the key that signed is the thief's: %s", async (variant, opened, key) => {
  const { page } = watched;
  const row = page.locator(`[data-variant="${variant}"]`);
  await row.getByRole("button", { name: `Show ${opened}` }).click(WAIT);
  const shown = page.locator(`[data-opened="${variant}"]`);
  const answers = shown.getByTestId("message-answers");
  await answers.getByText("Thief; not verified by a receiver.").waitFor(WAIT);
  await answers.getByText(key).waitFor(WAIT);
  await page.setViewportSize({ width: 1280, height: 6000 });
  await screenshot(shown, `break-it-${variant}`);
  await page.setViewportSize({ width: 1280, height: 1000 });
  await row.getByRole("button", { name: `Hide ${opened}` }).click();
});

test("states the lesson, and links to the section that requires the check", async () => {
  const { page } = watched;
  const stolen = page.locator('[data-variant="stolen-token"]');
  await stolen.getByRole("button", { name: "profile 2.3" }).waitFor();
  await stolen.getByRole("button", { name: "Show both sides" }).click();
  await page.getByText("The token is bound to its owner’s key by cnf.jwk").waitFor(WAIT);
  await stolen.getByRole("button", { name: "Hide both sides" }).click();
  await page.locator('[data-variant="replay"]').getByRole("button", { name: "profile 2.7" }).click(WAIT);
  const dialog = page.getByRole("dialog", { name: /^Wire profile, section/ });
  await dialog.getByRole("button", { name: "Close" }).click(WAIT);
  await dialog.waitFor({ state: "hidden" });
});

test("an attempt has an address, and each of its messages too", async () => {
  const { page } = watched;
  const run = page.url();
  const variant = page.locator('[data-variant="changed-path"]');
  await variant.getByRole("button", { name: "Show the message" }).click();
  await page.getByRole("link", { name: "Open on its own page" }).click();
  await page.getByRole("heading", { name: "An attempt to break run" }).waitFor(WAIT);
  const message = page.getByRole("link", { name: /^Message 1 of 1/ });
  await message.click(WAIT);
  const address = page.url();
  expect(address).toMatch(/#\/runs\/[\w-]+\/attempts\/[0-9a-f]{32}\/messages\/[0-9a-f]{16}$/);
  await page.goto("about:blank");
  await page.goto(address);
  await page.getByTestId("message-answers").getByText("Refused by Gateway").waitFor(WAIT);
  await page.getByRole("link", { name: "Back to the run" }).click();
  await page.getByTestId("break-it").waitFor(WAIT);
  expect(page.url().split("/messages")[0]).toBe(run.split("/messages")[0]);
});

test("a request without a response is not shown as a refusal, and its destination is named", async () => {
  const { page } = watched;
  await stack.kill("gateway");
  try {
    // Back on the page of the run, the attempts are in view.
    await page.getByRole("button", { name: /^Hide \d+ more attacks on AAuth$/ }).waitFor(WAIT);
    watched.expectComplaint(/status of 502/);
    await page.getByRole("button", { name: "Try: Sign it ten minutes ago" }).click();
    const variant = page.locator('[data-variant="stale"]');
    await variant.getByText(`No response from ${stack.urls.supplyChainAgent}`).waitFor(WAIT);
    expect(await variant.textContent()).toContain("(connection_refused)");
    const [now = "", before] = ((await variant.textContent()) ?? "").split("Earlier attempt:");
    expect(now).not.toContain("Refused by");
    expect(before).toContain("Refused by the gateway");
  } finally {
    await stack.startAgain("gateway");
  }
});
