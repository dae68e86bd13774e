import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtPage } from "../../scripts/demo/built-page.ts";
import { createPageServer } from "../../ui/server/page-server.ts";
import { expectAccessible } from "../support/accessibility.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import { fillPrompt } from "../support/front-page.ts";
import { screenshot } from "../support/screenshot.ts";
import { signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const WAIT = { timeout: 30_000 };
const MARKET_PROMPT = "optimize laptop supply chain and perform market analysis";
const DRAFT_LINK = /draft -11, \d/;

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

describe("the page of both versions", () => {
  let url: string;
  let close: () => void;
  beforeAll(async () => {
    const server = createPageServer(await builtPage(), {
      backendUrl: "http://localhost:8000",
      authServerUrl: "http://localhost:8080/realms/aauth-test",
      clientId: "supply-chain-ui",
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    url = `http://localhost:${(server.address() as AddressInfo).port}`;
    close = () => {
      server.closeAllConnections();
      server.close();
    };
  });
  afterAll(() => close?.());

  const openers = (page: Page) => page.getByRole("button", { name: /^\d+\. / });
  const detail = (page: Page) => page.getByTestId("message-detail");

  test("is one click from the start page, and shows both runs in rows", async () => {
    const { page } = await openPage(browser);
    await page.goto(url);
    await page.getByRole("link", { name: "Compare both protocols" }).click();
    await page.getByRole("heading", { name: "1. The user starts the run" }).waitFor(WAIT);
    expect(await page.getByText("No such message.").count()).toBeGreaterThan(0);
    expect(await page.locator("mark").filter({ hasText: "aauth" }).count()).toBeGreaterThan(0);
    await expectAccessible(page, "compare");
    await page.getByRole("button", { name: "Use dark colors" }).click();
    await page.getByRole("button", { name: "Use light colors" }).click();
    await page.evaluate("window.scrollTo(0, 0)");
    await screenshot(page, "compare", { fullPage: false });
    await page.getByRole("link", { name: "AAuth demo" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor(WAIT);
  });

  test("opens a message by the keyboard, and changes the mode by it", async () => {
    const { page } = await openPage(browser);
    await page.goto(`${url}/compare.html`);
    const opener = openers(page).nth(3);
    await opener.focus();
    await page.keyboard.press("Enter");
    await detail(page).waitFor(WAIT);
    expect(await opener.getAttribute("aria-expanded")).toBe("true");
    expect(await detail(page).textContent()).toContain("Call with an agent token");
    await expectAccessible(page, "compare-message");
    await page.keyboard.press("Enter");
    await detail(page).waitFor({ state: "detached" });

    await page.getByRole("button", { name: "Federated", exact: true }).focus();
    await page.keyboard.press("Space");
    await page
      .getByRole("heading", { name: "The person server asks the access server" })
      .first()
      .waitFor(WAIT);
    expect(page.url()).toMatch(/#federated$/);
    await page.reload();
    await page.getByRole("button", { name: "Person server to Access server" }).first().waitFor(WAIT);
  });

  test("shows only the changes, and returns to everything", async () => {
    const { page } = await openPage(browser);
    await page.goto(`${url}/compare.html`);
    const fields = page.getByRole("term").filter({ hasText: "content-digest" });
    await openers(page).first().waitFor(WAIT);
    const [rows, digests] = [await page.getByRole("heading", { level: 2 }).count(), await fields.count()];
    const only = page.getByRole("button", { name: "Only what changed" });
    await only.press("Enter");
    await expect.poll(() => only.getAttribute("aria-pressed"), WAIT).toBe("true");
    expect(await fields.count()).toBeLessThan(digests);
    expect(await page.getByRole("heading", { level: 2 }).count()).toBeLessThan(rows);
    expect(await page.getByRole("heading", { name: "The user starts the run" }).count()).toBe(0);
    await expectAccessible(page, "compare-only-changes");
    await only.press("Enter");
    await page.getByRole("heading", { name: "The user starts the run" }).waitFor(WAIT);
  });

  test("a run of no signed-in user is replaced by a recording, which the page states", async () => {
    const { page } = await openPage(browser);
    await page.goto(`${url}/compare.html#run=00000000-0000-4000-8000-000000000000`);
    await page.getByRole("heading", { name: "Your run cannot be shown: these are recordings" }).waitFor(WAIT);
    await openers(page).first().waitFor(WAIT);
    await expectAccessible(page, "compare-no-run");
    // Another mode reads its recording, but not the run again.
    const fetched: string[] = [];
    page.on("request", (request) => fetched.push(new URL(request.url()).pathname));
    await page.getByRole("button", { name: "Federated", exact: true }).click();
    await page
      .getByRole("heading", { name: "The person server asks the access server" })
      .first()
      .waitFor(WAIT);
    expect(fetched).not.toContain("/config.json");
    expect(fetched).toContainEqual(expect.stringContaining("federated"));
  });

  test("has every message of both runs, and each opens", async () => {
    const { page } = await openPage(browser);
    await page.goto(`${url}/compare.html#federated`);
    await openers(page).first().waitFor(WAIT);
    const texts = await openers(page).allTextContents();
    const numbers = texts.map((text) => Number.parseInt(text, 10));
    // Ten of February, and those of the federated run.
    expect(numbers.toSorted((one, other) => one - other)).toEqual(
      [...upTo(10), ...upTo(texts.length - 10)].sort((one, other) => one - other),
    );
    for (const [index, text] of texts.entries()) {
      await openers(page).nth(index).click();
      await detail(page)
        .getByRole("heading", { name: new RegExp(`^${Number.parseInt(text, 10)}\\. `) })
        .waitFor(WAIT);
    }
  });
});

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("a federated run in the protocol view", () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startStack({ modes: { profile: "draft-11", mode: "federated", ui: true } });
  });
  afterAll(() => stack?.stop());

  test("explains every message, with sections, checks and tokens, and leads to the page of both versions", async () => {
    const { page } = await openPage(browser);
    await page.setViewportSize({ width: 1280, height: 1000 });
    await page.goto(stack.urls.ui);
    // The start page describes the demo's protocol.
    await page.getByText("How one request is authorized").click(WAIT);
    await page.getByText("401 · AAuth-Requirement").waitFor(WAIT);
    await signInOnPage(page, stack.urls.ui);
    await page.getByText("401 · AAuth-Requirement").waitFor(WAIT);
    await fillPrompt(page, MARKET_PROMPT);
    await page.getByRole("button", { name: "Run Custom Optimization" }).click();
    await page.getByRole("button", { name: "Allow", exact: true }).click(WAIT);
    await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
    await page.getByRole("link", { name: "Show every message" }).click();
    const messages = page.getByRole("link", { name: /^Message \d+ of / });
    await page.getByText("step through with the arrow keys").waitFor(WAIT);
    // An agent whose person decides late has polled more than once.
    const polls = page.getByRole("button", { name: "Show each poll" });
    if (await polls.isVisible()) await polls.click();
    await expect.poll(() => messages.count(), WAIT).toBeGreaterThanOrEqual(15);
    const picture = await page.getByTestId("sequence-picture").textContent();
    expect(picture).toMatch(/Access server.*Person server/);
    expect(picture).not.toContain("Auth server");
    expect(picture).not.toContain("refused");
    expect(picture).toContain("202 waits: interaction");
    await page.evaluate("window.scrollTo(0, 0)");
    await screenshot(page, "draft-11-federated", { fullPage: false });

    const answers = page.getByTestId("message-answers");
    const count = await messages.count();
    for (let number = 1; number <= count; number++) {
      await messages.nth(number - 1).click();
      await page.getByRole("heading", { name: new RegExp(`^${number}\\. `) }).waitFor(WAIT);
      const text = (await answers.textContent()) ?? "";
      expect(text, `message ${number}`).toMatch(/What is this\?.*What does the answer say\?/s);
      expect(text, `message ${number}`).not.toMatch(/undefined|Refused|not verified/);
      expect(await answers.getByRole("link", { name: DRAFT_LINK }).count()).toBeGreaterThan(1);
      await screenshot(page.getByTestId("message-detail"), `federated-message-${number}`);
    }
    await page.getByRole("link", { name: "Compare with the other version" }).click();
    await page.getByRole("heading", { name: "Draft -11, your run" }).first().waitFor(WAIT);
    const summary = page.getByTestId("compare-summary");
    expect(await summary.textContent()).toMatch(/Draft -11, your run\d\d messages/);
    expect(await summary.textContent()).toContain("February 2026, recorded10 messages");
    await expectAccessible(page, "compare-own-run");
  });
});
