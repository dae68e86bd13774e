import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectAccessible } from "../support/accessibility.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { screenshot } from "../support/screenshot.ts";
import { signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

let stack: TestStack;
let browser: Browser;
let watched: WatchedPage;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "delegate-"));
  const delegatesFile = join(folder, "delegates.json");
  stack = await startStack({
    modes: { ui: true, delegate: true },
    env: {
      backend: { BACKEND_DELEGATES_FILE: delegatesFile },
      "delegate-agent": {
        DELEGATE_DATA_FOLDER: join(folder, "delegate-agent"),
        DELEGATE_ENROLMENT_FILE: delegatesFile,
      },
    },
  });
  browser = await startBrowser();
  watched = await openPage(browser);
  await watched.page.setViewportSize({ width: 1280, height: 900 });
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

test("a user sees the backend's delegate, lets it run, and sees what came of it", async () => {
  const { page } = watched;
  await signInOnPage(page, stack.urls.ui);
  const panel = page.getByTestId("delegates-panel");
  await panel.getByRole("heading", { name: "Inventory scout" }).waitFor();
  expect(await panel.textContent()).toContain("No calls yet.");

  await panel.getByRole("button", { name: "Run delegate" }).click();
  await panel.getByText(/^Answered at/).waitFor({ timeout: 30_000 });
  const text = await panel.textContent();
  for (const step of ["Challenge received", "Auth token received", "agent_delegate delegate-"]) {
    expect(text).toContain(step);
  }
  await screenshot(panel, "ui-delegates");

  await page.setViewportSize({ width: 400, height: 800 });
  expect(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
  await screenshot(panel, "ui-delegates-phone");
  await page.setViewportSize({ width: 1280, height: 900 });
});

test("a list of delegates that cannot be read says so, and is requested again", async () => {
  const { page } = watched;
  const list = /\/delegates$/;
  await page.route(list, (route) => route.abort());
  watched.expectComplaint(/ERR_FAILED/);
  await page.reload();
  const panel = page.getByTestId("delegates-panel");
  await panel.getByRole("heading", { name: "The delegates cannot be shown" }).waitFor();
  await panel.getByRole("button", { name: "Try again" }).click();
  await panel.getByText("cannot be reached").waitFor();
  await expectAccessible(page, "ui-no-delegates");
  await page.unroute(list);
  await panel.getByRole("button", { name: "Try again" }).press("Enter");
  await panel.getByRole("heading", { name: "Inventory scout" }).waitFor();
  expect(await panel.getByTestId("failure-panel").count()).toBe(0);
  const heading = panel.getByRole("heading", { name: "Delegates" });
  expect(await heading.evaluate((element) => element.matches(":focus"))).toBe(true);
});
