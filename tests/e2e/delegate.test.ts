import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectAccessible } from "../support/accessibility.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { unfold } from "../support/front-page.ts";
import { screenshot } from "../support/screenshot.ts";
import { signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack, type TestStackOptions } from "../support/start-stack.ts";

const WAIT = { timeout: 30_000 };

let stack: TestStack;
let browser: Browser;
let watched: WatchedPage;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

/** A user who is signed in at the page of a stack with a delegate. */
function signedInUser(modes: NonNullable<TestStackOptions["modes"]>): void {
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "delegate-"));
    const delegatesFile = join(folder, "delegates.json");
    stack = await startStack({
      modes: { ...modes, ui: true, delegate: true },
      env: {
        backend: { BACKEND_DELEGATES_FILE: delegatesFile },
        "delegate-agent": {
          DELEGATE_DATA_FOLDER: join(folder, "delegate-agent"),
          DELEGATE_ENROLMENT_FILE: delegatesFile,
        },
      },
    });
    watched = await openPage(browser);
    await watched.page.setViewportSize({ width: 1280, height: 900 });
    await signInOnPage(watched.page, stack.urls.ui);
  });
  afterAll(async () => {
    await watched?.context.close();
    await stack?.stop();
  });
}

const panelOf = ({ page }: WatchedPage) => page.getByTestId("delegates-panel");

async function pictureOf({ page }: WatchedPage, name: string): Promise<void> {
  const panel = page.getByTestId("delegates-panel");
  await screenshot(panel, name);
  await page.setViewportSize({ width: 400, height: 800 });
  expect(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
  await screenshot(panel, `${name}-phone`);
  await page.setViewportSize({ width: 1280, height: 900 });
}

describe("a delegate of February", () => {
  signedInUser({});

  test("a user sees the backend's delegate, runs it, and sees the outcome", async () => {
    const panel = panelOf(watched);
    await unfold(watched.page, "delegates-panel");
    await panel.getByRole("heading", { name: "Inventory scout" }).waitFor();
    expect(await panel.textContent()).toContain("You have not run it yet.");

    await panel.getByRole("button", { name: "Run delegate" }).click();
    await panel.getByText(/^Answered at/).waitFor(WAIT);
    const text = await panel.textContent();
    for (const step of ["Challenge received", "Auth token received", "agent_delegate delegate-"]) {
      expect(text).toContain(step);
    }
    await pictureOf(watched, "ui-delegates");
  });

  test("a failure to read the list of delegates is reported, and the list requested again", async () => {
    const { page } = watched;
    const list = /\/delegates$/;
    await page.route(list, (route) => route.abort());
    watched.expectComplaint(/ERR_FAILED/);
    await page.reload();
    const panel = page.getByTestId("delegates-panel");
    await unfold(page, "delegates-panel");
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
});

describe("a delegate of draft -11", () => {
  signedInUser({ profile: "draft-11", mode: "person-server" });

  test("a user runs a delegate, sees each message, ends it, and starts it again", async () => {
    const { page } = watched;
    const panel = panelOf(watched);
    await unfold(page, "delegates-panel");
    await panel.getByText(/^aauth:user-.*\+delegate-.*@backend\.localhost$/).waitFor();
    expect(await panel.getByRole("button", { name: "End delegate" }).count()).toBe(0);
    const run = panel.getByRole("button", { name: "Run delegate" });
    await run.click();

    const interaction = panel.getByTestId("delegate-interaction");
    await interaction.waitFor(WAIT);
    expect(await interaction.textContent()).toContain(new URL(stack.urls.personServer).host);
    await expectAccessible(page, "draft-11-delegate-interaction");
    await interaction.getByRole("link", { name: "Review the request" }).click();
    await page.getByRole("heading", { name: /^Let .* act for you at / }).waitFor(WAIT);
    expect(await page.locator("main").textContent()).toContain("For its sub-agent");
    await page.getByRole("button", { name: "Allow", exact: true }).click();

    await unfold(page, "delegates-panel");
    await panel.getByRole("heading", { name: "Inventory scout" }).waitFor(WAIT);
    await run.click();
    await panel.getByText(/^Answered at/).waitFor(WAIT);
    expect(await interaction.count()).toBe(0);
    await pictureOf(watched, "draft-11-delegate");

    await panel.getByRole("button", { name: "End delegate" }).press("Enter");
    const again = panel.getByRole("button", { name: "Start again" });
    await again.waitFor(WAIT);
    expect(await again.evaluate((element) => element.matches(":focus"))).toBe(true);
    await panel.getByText("its existing tokens are revoked").waitFor();
    expect(await run.isDisabled()).toBe(true);
    await again.click();
    await panel.getByText(/^Ready\./).waitFor(WAIT);
    const messages = panel.getByRole("link", { name: "Show every message" });
    const before = await messages.getAttribute("href");
    await run.click();
    await expect.poll(() => messages.getAttribute("href"), WAIT).not.toBe(before);

    await messages.click();
    await page.getByRole("heading", { name: "Every message of run" }).waitFor(WAIT);
    await page.getByText("POST /delegate/grant, signed with jwt").first().waitFor(WAIT);
    await page.getByText("token request: auth-token").first().waitFor(WAIT);
    await screenshot(page, "draft-11-delegate-messages");
  });
});
