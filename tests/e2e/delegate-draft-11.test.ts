import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectAccessible } from "../support/accessibility.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import { screenshot } from "../support/screenshot.ts";
import { signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const WAIT = { timeout: 30_000 };

let browser: Browser;
let stack: TestStack;

beforeAll(async () => {
  browser = await startBrowser();
  const folder = await mkdtemp(join(tmpdir(), "delegate-"));
  const delegatesFile = join(folder, "delegates.json");
  stack = await startStack({
    modes: { profile: "draft-11", mode: "person-server", ui: true, delegate: true },
    env: {
      backend: { BACKEND_DELEGATES_FILE: delegatesFile },
      "delegate-agent": {
        DELEGATE_DATA_FOLDER: join(folder, "delegate-agent"),
        DELEGATE_ENROLMENT_FILE: delegatesFile,
      },
    },
  });
});
afterAll(async () => {
  await stack?.stop();
  await browser?.close();
});

test("a user lets a delegate act, sees each message, ends it, and starts it again", async () => {
  const { page, context } = await openPage(browser);
  await page.setViewportSize({ width: 1280, height: 900 });
  await signInOnPage(page, stack.urls.ui);
  const panel = page.getByTestId("delegates-panel");
  await panel.getByText(/^aauth:user-.*\+delegate-.*@backend\.localhost$/).waitFor();
  expect(await panel.getByRole("button", { name: "End delegate" }).count()).toBe(0);
  const run = panel.getByRole("button", { name: "Run delegate" });
  await run.click();

  const interaction = panel.getByTestId("delegate-interaction");
  await interaction.waitFor(WAIT);
  expect(await interaction.textContent()).toContain(new URL(stack.urls.personServer).host);
  await expectAccessible(page, "draft-11-delegate-interaction");
  await interaction.getByRole("link", { name: "Review the request" }).click();
  await page.getByRole("heading", { name: "An agent wants to be known as yours" }).waitFor(WAIT);
  expect(await page.locator("main").textContent()).toContain("For its sub-agent");
  await page.getByRole("button", { name: "Allow", exact: true }).click();

  await panel.getByRole("heading", { name: "Inventory scout" }).waitFor(WAIT);
  await run.click();
  await panel.getByText(/^Answered at/).waitFor(WAIT);
  expect(await interaction.count()).toBe(0);
  await screenshot(panel, "draft-11-delegate");
  await page.setViewportSize({ width: 400, height: 800 });
  expect(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
  await screenshot(panel, "draft-11-delegate-phone");
  await page.setViewportSize({ width: 1280, height: 900 });

  await panel.getByRole("button", { name: "End delegate" }).press("Enter");
  const again = panel.getByRole("button", { name: "Start again" });
  await again.waitFor(WAIT);
  expect(await again.evaluate((element) => element.matches(":focus"))).toBe(true);
  await panel.getByText("those that it had are revoked").waitFor();
  await run.click();
  await panel.getByText(/^Refused at .*the user has ended this delegate$/).waitFor(WAIT);
  await again.click();
  await panel.getByText("Running.").waitFor(WAIT);
  await run.click();
  await panel.getByText(/^Answered at/).waitFor(WAIT);

  await panel.getByRole("link", { name: "Show every message" }).click();
  await page.getByRole("heading", { name: "Every message of run" }).waitFor(WAIT);
  await page.getByText("POST /delegate/grant, signed with jwt").first().waitFor(WAIT);
  await page.getByText("token request: auth-token").first().waitFor(WAIT);
  await screenshot(page, "draft-11-delegate-messages");
  await context.close();
}, 120_000);
