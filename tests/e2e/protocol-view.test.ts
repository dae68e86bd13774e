import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectAccessible } from "../support/accessibility.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { consentPageOpen, decideConsent } from "../support/consent-page.ts";
import { fillPrompt, unfold } from "../support/front-page.ts";
import { screenshot } from "../support/screenshot.ts";
import { fillLoginPage, signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack, type TestStackOptions } from "../support/start-stack.ts";

const MARKET_PROMPT = "optimize laptop supply chain and perform market analysis";
const WAIT = { timeout: 30_000 };

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

async function signedInPage(stack: TestStack): Promise<WatchedPage> {
  const watched = await openPage(browser);
  const { page } = watched;
  await page.setViewportSize({ width: 1280, height: 1000 });
  await signInOnPage(page, stack.urls.ui);
  return watched;
}

async function startMarketRun(page: Page): Promise<void> {
  await fillPrompt(page, MARKET_PROMPT);
  await page.getByRole("button", { name: "Run Custom Optimization" }).click();
}

/** Opens the protocol view of the run on the page, and waits until it has this many messages. */
async function openMessages(page: Page, count: number): Promise<void> {
  await page.getByRole("link", { name: "Show every message" }).click(WAIT);
  await expect.poll(() => messageLinks(page).count(), WAIT).toBe(count);
}

const messageLinks = (page: Page) => page.getByRole("link", { name: /^Message \d+ of / });
const answers = (page: Page) => page.getByTestId("message-answers").textContent();
const fitsWidth = (page: Page) => page.evaluate("document.documentElement.scrollWidth <= window.innerWidth");

async function openMessage(page: Page, number: number): Promise<void> {
  await messageLinks(page)
    .nth(number - 1)
    .click();
  await page.getByRole("heading", { name: new RegExp(`^${number}\\. `) }).waitFor(WAIT);
}

const openTab = (page: Page, name: string | RegExp) => page.getByRole("tab", { name }).click(WAIT);

interface StoredTrace {
  data: {
    spans: { operationName: string; processID: string; duration: number }[];
    processes: Record<string, { serviceName: string }>;
  }[];
}

/** The trace with a supply-chain agent whose clock is half a second late at its end. */
function withLateAgent({ data }: StoredTrace): StoredTrace {
  const late = ({ operationName, processID }: { operationName: string; processID: string }) =>
    operationName === "POST /" && data[0]?.processes[processID]?.serviceName === "supply-chain-agent";
  return {
    data: data.map((trace) => ({
      ...trace,
      spans: trace.spans.map((span) => (late(span) ? { ...span, duration: span.duration + 500_000 } : span)),
    })),
  };
}

/** A part of the page, as a whole. */
async function partPicture(page: Page, part: string, name: string, width = 1280): Promise<void> {
  // High enough for everything, because a sticky header would cover a scrolled picture.
  await page.setViewportSize({ width, height: 6000 });
  await screenshot(page.getByTestId(part), name);
  await page.setViewportSize({ width: 1280, height: 1000 });
}

/** It fits in light and dark, wide and narrow; all four are kept as pictures. */
async function inAllShapes(page: Page, name: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const [width, height] of [
      [1280, 1000],
      [400, 900],
    ] as const) {
      await page.setViewportSize({ width, height });
      await expect.poll(() => fitsWidth(page), WAIT).toBe(true);
      await page.evaluate("window.scrollTo(0, 0)");
      const suffix = `${width === 1280 ? "" : "-phone"}${colorScheme === "dark" ? "-dark" : ""}`;
      await screenshot(page, `${name}${suffix}`, { fullPage: false });
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 1000 });
}

describe("a user-delegated run over both hops", () => {
  let stack: TestStack;
  let watched: WatchedPage;
  let runId: string;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "protocol-view-"));
    const kept = { AAUTH_STORE: `sqlite:${folder}/data`, AAUTH_KEYS: `${folder}/keys` };
    const options: TestStackOptions = {
      modes: { authorizationScheme: "user-delegated", ui: true },
      processes: ["backend"],
      // Containers have a volume.
      ...(!process.env.COMPOSE_UNDER_TEST && { env: { backend: kept } }),
    };
    stack = await startStack(options);
    watched = await signedInPage(stack);
  });
  afterAll(async () => {
    await watched?.context.close();
    await stack?.stop();
    await rm(folder, { recursive: true });
  });

  test("shows the messages so far while the run waits for the user", async () => {
    const { page } = watched;
    await page.route("**/optimization/start", async (route) => {
      const response = await route.fetch();
      if (route.request().method() === "POST") runId = (await response.json()).request_id;
      await route.fulfill({ response });
    });
    await startMarketRun(page);
    await consentPageOpen(page);
    await page.unroute("**/optimization/start");
    const consentPage = page.url();
    // The user leaves the consent page undecided, to look at the messages first.
    await page.goto(`${stack.urls.ui}/#/runs/${runId}`);
    await expect.poll(() => messageLinks(page).count(), WAIT).toBe(4);
    await page.getByText("4 so far").waitFor(WAIT);
    await openMessage(page, 4);
    await page.getByRole("heading", { name: "4. Browser to Auth server" }).waitFor(WAIT);
    expect(await answers(page)).toContain("Waiting for the user to return");
    await openMessage(page, 3);
    expect(await answers(page)).toContain("the user must consent first");
    await page.goto(consentPage);
    await consentPageOpen(page);
  });

  test("shows every message with its signer, key, user and permission", async () => {
    const { page } = watched;
    await decideConsent(page, "Allow");
    await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
    await openMessages(page, 10);
    await page.getByText("step through with the arrow keys").waitFor(WAIT);

    await openMessage(page, 1);
    await openTab(page, "Request and response");
    const asked = await page.getByTestId("message-detail").textContent();
    expect(asked).toContain(MARKET_PROMPT);
    expect(asked).toContain("As recorded by Backend");
    expect(asked).not.toMatch(/authorization|Bearer|request_token=\w/);

    await openMessage(page, 2);
    expect(await answers(page)).toContain("authorization_required");

    await openMessage(page, 10);
    const text = await answers(page);
    expect(text).toContain(stack.urls.supplyChainAgent);
    expect(text).toMatch(/mcp user \([\w-]{36}\).*backend\.localhost:\d+/);
    expect(text).toContain("market-analysis:analyze");
  });

  test("shows the base as signed and as rebuilt, an independent implementation agrees, and the token is bound to the signer", async () => {
    const { page } = watched;
    await openMessage(page, 7);
    const detail = page.getByTestId("message-detail");
    await openTab(page, "Signature");
    await detail.getByText("rebuilt the same signature base that Backend signed").waitFor(WAIT);
    await detail.getByText("an independent implementation, builds the same base").waitFor(WAIT);
    expect(await detail.locator("mark").count()).toBe(0);
    await openTab(page, "Token");
    await detail.getByText("signed this message with the same key").waitFor(WAIT);
    await partPicture(page, "message-detail", "protocol-view-token");

    // A step to another message keeps the tab.
    await openMessage(page, 9);
    await detail.getByText("This is expected in a token exchange").waitFor(WAIT);
  });

  test("a failure to load a section is reported", async () => {
    const { page } = watched;
    watched.expectComplaint(/profile-/);
    await page.route(/\/profile-[^/]*$/, (route) => route.abort());
    await page.reload();
    await openMessage(page, 7);
    await openTab(page, "Checks");
    await page.getByText("Gateway: passed").click();
    await page.getByRole("button", { name: "profile 2.7" }).first().click();
    const dialog = page.getByRole("dialog", { name: "Wire profile, section 2.7" });
    await dialog.getByText("could not be loaded. Reload the page").waitFor(WAIT);
    await page.unroute(/\/profile-[^/]*$/);
    await dialog.getByRole("button", { name: "Close" }).click();
    await dialog.waitFor({ state: "hidden" });
  });

  test("can be walked through with the arrow keys", async () => {
    const { page } = watched;
    await openMessage(page, 2);
    await messageLinks(page).nth(1).focus();
    for (const [key, number] of [
      ["ArrowDown", 3],
      ["End", 10],
    ] as const) {
      await page.keyboard.press(key);
      await page.getByRole("heading", { name: new RegExp(`^${number}\\. `) }).waitFor(WAIT);
      expect(await page.evaluate("document.activeElement.textContent")).toMatch(
        new RegExp(`^Message ${number} of 10: `),
      );
    }
  });

  test("steps on by the arrow keys also right after the page is loaded", async () => {
    const { page } = watched;
    await openMessage(page, 2);
    const address = page.url();
    await page.goto("about:blank");
    await page.goto(address);
    const detail = (number: number) => page.getByRole("heading", { name: new RegExp(`^${number}\\. `) });
    await detail(2).waitFor(WAIT);
    await page.keyboard.press("ArrowRight");
    await detail(3).waitFor(WAIT);
    await page.keyboard.press("ArrowLeft");
    await detail(2).waitFor(WAIT);
    // Tabs use these keys themselves.
    await page.getByRole("tab", { selected: true }).focus();
    await page.keyboard.press("ArrowRight");
    await detail(2).waitFor(WAIT);
  });

  test("a message has an address that opens it", async () => {
    const { page } = watched;
    await openMessage(page, 9);
    const address = page.url();
    expect(address).toMatch(/#\/runs\/[\w-]+\/messages\/[0-9a-f]{16}$/);
    await page.getByRole("link", { name: "Back to the demo" }).click();
    await page.getByTestId("run-status").waitFor(WAIT);
    await page.goto("about:blank");
    await page.goto(address);
    await page.getByRole("heading", { name: "9. Supply-chain agent to Auth server" }).waitFor(WAIT);

    // The address works in another browser of the owner, who has to sign in first.
    const elsewhere = await openPage(browser);
    await elsewhere.page.goto(address);
    await elsewhere.page.getByRole("button", { name: "Sign in" }).click();
    await fillLoginPage(elsewhere.page);
    await elsewhere.page.getByRole("heading", { name: "9. Supply-chain agent to Auth server" }).waitFor(WAIT);
    expect(elsewhere.page.url()).toBe(address);
  });

  test("stands beside its spans, and leads to the trace store's page", async () => {
    const { page } = watched;
    expect(await page.getByTestId("waterfall").textContent()).toContain(
      "optimization_api.start_optimization",
    );
    await unfold(page, "spans");
    const trace = page.getByRole("link", { name: "Open the trace" });
    expect(await trace.getAttribute("href")).toMatch(new RegExp(`^${stack.urls.traces}/trace/[0-9a-f]{32}$`));
  });

  const outsideItsCause = "Extends beyond the span that caused it";

  test("marks the part of a span outside the time of its parent", async () => {
    const { page } = watched;
    const run = `**/optimization/${runId}/trace`;
    await page.route(run, async (route) => {
      const response = await route.fetch();
      const answer = await response.json();
      await route.fulfill({ response, json: { ...answer, traces: answer.traces.map(withLateAgent) } });
    });
    await page.reload();
    await unfold(page, "spans");
    await page.getByTestId("spans").getByText(outsideItsCause).waitFor(WAIT);
    expect(await page.getByTestId("waterfall").textContent()).toMatch(
      /\d ms, \d+ ms after the span that caused it/,
    );
    await expectAccessible(page, "protocol-view-late-span");
    await page.unroute(run);
    await page.reload();
    await page.getByTestId("spans").waitFor(WAIT);
  });

  test("is readable in light and dark, wide and narrow", async () => {
    const { page } = watched;
    await openMessage(page, 7);
    await inAllShapes(page, "protocol-view");
    await unfold(page, "spans");
    await partPicture(page, "spans", "protocol-view-spans");
    await page.emulateMedia({ colorScheme: "dark" });
    await partPicture(page, "spans", "protocol-view-spans-phone-dark", 400);
    await page.emulateMedia({ colorScheme: "light" });
    await openMessage(page, 2);
    await partPicture(page, "message-detail", "protocol-view-checks");
  });

  test("is found again by its owner after the backend was started again", async () => {
    const { page } = watched;
    // An open page keeps polling, and logs errors.
    await page.goto("about:blank");
    await stack.kill("backend");
    await stack.startAgain("backend");
    await page.goto(`${stack.urls.ui}/#/runs/${runId}`);
    await expect.poll(() => messageLinks(page).count(), WAIT).toBe(10);
    await page.getByTestId("break-it").waitFor(WAIT);
  });

  test("a link to another user's run, or to an unknown run, is reported", async () => {
    const { page } = watched;
    watched.expectComplaint(/status of 404/);
    await page.goto(`${stack.urls.ui}/#/runs/00000000-0000-4000-8000-000000000000`);
    await page.getByTestId("failure-panel").getByText("You have no run").waitFor(WAIT);
    expect(await page.title()).toBe("No such run · AAuth demo");
    await page.getByRole("link", { name: "Back to the demo" }).click();
    await page.getByRole("link", { name: "Show every message" }).waitFor(WAIT);
  });
});

describe("a run by signature alone that the gateway refuses", () => {
  let stack: TestStack;
  let watched: WatchedPage;
  beforeAll(async () => {
    stack = await startStack({
      modes: { policyFile: "agentgateway/config-policy.yaml", ui: true },
      // The policy allows only this agent.
      env: { gateway: { BACKEND_AGENT_URL: "http://somebody-else.localhost:8000" } },
    });
    watched = await signedInPage(stack);
  });
  afterAll(async () => {
    await watched?.context.close();
    await stack?.stop();
  });

  test("names the refused and the refusing party, and that the signature is valid", async () => {
    const { page } = watched;
    await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
    await page.getByTestId("failure-panel").waitFor(WAIT);
    await openMessages(page, 2);
    await page.getByRole("heading", { name: /^2\. Backend to Supply-chain agent/ }).waitFor(WAIT);
    // The verifiers' spans arrive a little later than the answer.
    await expect.poll(() => answers(page), WAIT).toContain(`proven to be ${stack.urls.backendAgent}`);
    expect(await answers(page)).toContain("Refused by Gateway with status 403");
    await inAllShapes(page, "protocol-view-refused");
  });
});
