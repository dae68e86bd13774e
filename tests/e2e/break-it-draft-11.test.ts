import { attacksWith } from "backend-api";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import { expectAccessible } from "../support/accessibility.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { startCredulousAgent } from "../support/credulous-agent.ts";
import { screenshot } from "../support/screenshot.ts";
import { signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const WAIT = { timeout: 30_000 };

let browser: Browser;
let stack: TestStack;
let watched: WatchedPage | undefined;

beforeAll(async () => {
  browser = await startBrowser();
});
afterEach(async () => {
  // Time limit, before the request expires.
  await watched?.context.close();
  await stack?.stop();
});
afterAll(() => browser?.close());

/** Starts a run with the button; the user consents if required. */
async function runOnPage(needsConsent: boolean): Promise<Page> {
  watched = await openPage(browser);
  const { page } = watched;
  await page.setViewportSize({ width: 1280, height: 900 });
  await signInOnPage(page, stack.urls.ui);
  await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
  if (needsConsent) await page.getByRole("button", { name: "Allow", exact: true }).click(WAIT);
  await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
  await page.getByRole("link", { name: "Show every message" }).click();
  await page.getByRole("button", { name: /more attacks on AAuth$/ }).click(WAIT);
  return page;
}

/** Presses the button of a variant, and waits for its outcome. */
async function tryIt(page: Page, title: string, says: string): Promise<string> {
  await page.getByRole("button", { name: `Try: ${title}` }).click(WAIT);
  const variant = page
    .locator("tr[data-variant]")
    .filter({ has: page.getByRole("heading", { name: title }) });
  await variant.getByText(says).waitFor(WAIT);
  return (await variant.textContent()) ?? "";
}

test("federated: each party refuses, and says by which section of draft -11", async () => {
  stack = await startStack({ modes: { profile: "draft-11", mode: "federated", ui: true } });
  const page = await runOnPage(true);
  expect(await page.getByTestId("break-it").locator("tr[data-variant]").count()).toBe(
    attacksWith("draft11").length,
  );
  for (const [title, party, code, section] of [
    ["Leave the body out of the signature", "the gateway", "insufficient_coverage", "11.3.4 step 2"],
    ["Present only the agent token", "the supply-chain agent", "person_required", "6.1"],
    ["Use a revoked token on the second hop", "the market-analysis agent", "token_revoked", "11.12"],
    ["Poll another agent’s request", "the person server", "not_found", "13.2"],
    ["Ask the access server directly", "the access server", "unsupported_scheme", "9.1"],
    ["Pose as a person server", "the access server", "denied", "9.1"],
  ] as const) {
    const text = await tryIt(page, title, `Refused by ${party}`);
    expect(text).toContain(code);
    expect(text).toContain(section);
  }
  // The thief has a separate column, and its key is not shown as the token's.
  await tryIt(page, "Steal the agent token", "Refused by the person server");
  const row = page.locator('[data-variant="stolen-agent-token"]');
  await row.getByRole("button", { name: "Show the message" }).click();
  const stolen = page.locator('[data-opened="stolen-agent-token"]');
  const answers = stolen.getByTestId("message-answers");
  await answers.getByText("Thief; not verified by a receiver.").waitFor(WAIT);
  await answers.getByText(/Key thief-1, .*The token is bound to another key: refused\./).waitFor(WAIT);
  await page.setViewportSize({ width: 1280, height: 6000 });
  await screenshot(stolen, "draft-11-break-it-stolen");
  await row.getByRole("button", { name: "Hide the message" }).click();
  await page.setViewportSize({ width: 1280, height: 900 });

  for (const [title, proof] of [
    ["Forge the return from a page", "is still pending"],
    ["Guess a consent code", "is still pending"],
    ["Revoke a token of another issuer", "still works: it was used again afterwards and accepted"],
  ] as const)
    expect(await tryIt(page, title, "Without effect at the person server")).toContain(proof);
  // The guess is an intruder's; the poll after it is not shown.
  const guess = page.locator('[data-variant="guessed-consent-code"]');
  await guess.getByRole("button", { name: "Show the message" }).click();
  const guessed = page.locator('[data-opened="guessed-consent-code"]').getByTestId("message-detail");
  await guessed.getByRole("heading", { name: /Intruder’s browser to Person server/ }).waitFor(WAIT);
  expect(await guessed.textContent()).toContain("No agent: the request is not signed.");
  expect(await page.locator('[data-opened="guessed-consent-code"]').textContent()).not.toContain("undefined");
  await guess.getByRole("button", { name: "Hide the message" }).click();

  // All outcomes are there again after a reload, each with its headline.
  const headlines = page.getByTestId("break-it").locator(".outcome strong");
  const before = await headlines.allTextContents();
  expect(before).toHaveLength(10);
  for (const headline of before) expect(headline).toMatch(/^\d{3}: ./);
  await page.reload();
  await expect.poll(() => headlines.allTextContents(), WAIT).toEqual(before);
  await expectAccessible(page, "draft-11-break-it");
  await page.setViewportSize({ width: 1280, height: 6000 });
  await screenshot(page.getByTestId("break-it"), "draft-11-break-it-panel");

  const revoked = page.locator('[data-variant="revoked-token"]');
  await revoked.getByRole("button", { name: "Show the message" }).click();
  const variant = page.locator('[data-opened="revoked-token"]');
  await variant.getByTestId("message-answers").getByText("Refused by Market-analysis agent").waitFor(WAIT);
  await screenshot(variant, "draft-11-break-it-revoked");
  await page.setViewportSize({ width: 1280, height: 900 });
  await variant.getByRole("link", { name: "Open on its own page" }).click();
  await page.getByRole("heading", { name: "An attempt to break run" }).waitFor(WAIT);
  // The honest messages before it are shown, too.
  await page.getByRole("link", { name: /^Message 7 of / }).waitFor(WAIT);
  await expectAccessible(page, "draft-11-break-it-attempt");
});

test("a request that is not refused is shown as a hole", async () => {
  stack = await startStack({
    modes: { profile: "draft-11", mode: "agent-identity", ui: true },
    without: ["supply-chain-agent"],
  });
  const credulous = await startCredulousAgent(stack.ports.supplyChainAgent);
  onTestFinished(credulous.stop);
  const page = await runOnPage(false);
  const text = await tryIt(page, "Change one byte of the body", "Not refused: this is a hole.");
  expect(text).not.toContain("Refused by");
  await tryIt(page, "Sign it ten minutes ago", "Refused by the gateway");
  await expectAccessible(page, "draft-11-break-it-hole");
});
