/** Every page and state of the demo that a user sees, against WCAG 2.1 A and AA. */

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectAccessible, violations } from "../support/accessibility.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { consentPageOpen, decideConsent } from "../support/consent-page.ts";
import { fillPrompt, openReport, unfold } from "../support/front-page.ts";
import { screenshot } from "../support/screenshot.ts";
import { DEMO_USER, fillLoginPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const MARKET_PROMPT = "optimize laptop supply chain and perform market analysis";
const WAIT = { timeout: 30_000 };

let browser: Browser;
let stack: TestStack;
let watched: WatchedPage;
let page: Page;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "accessibility-"));
  const delegatesFile = join(folder, "delegates.json");
  browser = await startBrowser();
  stack = await startStack({
    processes: ["auth-server", "gateway"],
    modes: { authorizationScheme: "user-delegated", ui: true, delegate: true },
    env: {
      backend: { BACKEND_DELEGATES_FILE: delegatesFile },
      "delegate-agent": {
        DELEGATE_DATA_FOLDER: join(folder, "delegate-agent"),
        DELEGATE_ENROLMENT_FILE: delegatesFile,
      },
    },
  });
  watched = await openPage(browser);
  page = watched.page;
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

const heading = (name: string | RegExp) => page.getByRole("heading", { name }).waitFor(WAIT);
const press = (name: string | RegExp) => page.getByRole("button", { name }).click(WAIT);

/** Opens the delegates and waits for the one of the stack. */
async function delegates(): Promise<void> {
  await unfold(page, "delegates-panel");
  await heading("Inventory scout");
}

/** Waits until the browser's tab has this title. */
const tabSays = (view: RegExp | string) =>
  expect
    .poll(() => page.title(), WAIT)
    .toMatch(new RegExp(`^${typeof view === "string" ? view : view.source} · AAuth demo$`));

const EXCESS = "scrollX + document.documentElement.scrollWidth - innerWidth";
/** Waits until nothing exceeds the window's width, for parts that measure themselves. */
const expectFit = () => expect.poll(() => page.evaluate(EXCESS), WAIT).toBe(0);

/** Requires a fit in a window of 320 px, which is one of 1280 px at 400 % (WCAG 1.4.10). */
async function expectFitAt320(): Promise<void> {
  await page.setViewportSize({ width: 320, height: 640 });
  await expectFit();
  await page.setViewportSize({ width: 1280, height: 900 });
}

/** Styles of such parts in the user's forced colours. */
const drawn = (parts: Locator) =>
  parts.evaluateAll((elements) =>
    elements.map((element) => {
      const { forcedColorAdjust, borderTopWidth, backgroundColor } =
        element.ownerDocument.defaultView!.getComputedStyle(element);
      return { isKept: forcedColorAdjust === "none", borderTopWidth, backgroundColor };
    }),
  );

/** Waits until the element has the keyboard focus. */
const hasFocus = (part: Locator) =>
  expect.poll(() => part.evaluate((element) => element.matches(":focus")), WAIT).toBe(true);
/** Presses a key, as a user does who would notice a lost focus. */
const pressKey = (name: string | RegExp) => page.getByRole("button", { name }).press("Enter", WAIT);

test("finds the violations of a bad page", async () => {
  await page.setContent('<html lang="en"><title>A page</title><main><button></button></main></html>');
  expect(await violations(page)).toEqual([expect.stringContaining("button-name at button")]);
});

test("a page with invalid settings", async () => {
  await page.route("**/config.json", (route) => route.fulfill({ json: {} }));
  await page.goto(stack.urls.ui);
  await heading(/cannot start/);
  await tabSays("Cannot start");
  await expectAccessible(page, "ui-cannot-start");
  await page.unroute("**/config.json");
});

test("signed out, the sign-in page, and a wrong password", async () => {
  await page.goto(stack.urls.ui);
  await page.getByRole("button", { name: "Sign in" }).waitFor(WAIT);
  await expectAccessible(page, "ui-signed-out");
  await page.getByText("Build yours").click();
  await page.getByText("createResource({").waitFor(WAIT);
  await expectFitAt320();
  // The keyboard begins at the top again.
  await page.reload();
  await page.getByRole("button", { name: "Sign in" }).waitFor(WAIT);
  const skip = page.getByRole("link", { name: "Skip to the content" });
  await page.keyboard.press("Tab");
  await hasFocus(skip);
  await screenshot(page, "ui-skip-link", { fullPage: false });
  const address = page.url();
  await page.keyboard.press("Enter");
  await hasFocus(page.getByRole("main"));
  expect(page.url()).toBe(address);
  await page.keyboard.press("Tab");
  await hasFocus(page.getByRole("main").getByRole("button", { name: "Sign in" }));

  const version = page.getByTestId("version");
  expect(await version.textContent()).toContain("February 2026user-delegated");
  await version.press("Enter");
  const versions = page.getByRole("dialog", { name: "Versions and modes" });
  const shown = versions.getByRole("listitem").filter({ hasText: "You see it now" });
  await expect.poll(() => shown.count(), WAIT).toBe(1);
  const federated = versions.getByRole("listitem").filter({ hasText: "federated" });
  expect(await federated.locator("code").textContent()).toContain(
    "npm run demo -- --profile draft-11 --mode federated",
  );
  await watched.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await versions.getByRole("button", { name: "Copy the command for federated" }).press("Enter");
  await federated.getByText("Copied").waitFor(WAIT);
  const copied = await page.evaluate("navigator.clipboard.readText()");
  expect(copied).toBe("npm run demo -- --profile draft-11 --mode federated");
  await expectAccessible(page, "ui-versions");
  await page.keyboard.press("Escape");
  await versions.waitFor({ state: "hidden" });
  await hasFocus(version);
  await press("Sign in");
  await page.locator("#username").waitFor(WAIT);
  await expectAccessible(page, "login");
  watched.expectComplaint(/status of 401/);
  await page.locator("#username").fill(DEMO_USER.username);
  await page.locator("#password").fill("not this one");
  await press("Sign in");
  await page.getByRole("alert").waitFor(WAIT);
  await expectAccessible(page, "login-failed");
});

test("signed in, with a delegate, and one's own tokens", async () => {
  await fillLoginPage(page);
  await delegates();
  await tabSays("Workspace");
  await expectAccessible(page, "ui-signed-in");
  await expectFitAt320();
  await page.setViewportSize({ width: 320, height: 640 });
  const cut = await page.getByRole("button").evaluateAll((buttons) =>
    buttons
      .flatMap((button) => [...button.querySelectorAll(".mantine-Button-label")])
      .filter((label) => label.scrollWidth > label.clientWidth)
      .map((label) => label.textContent),
  );
  expect(cut).toEqual([]);
  await page.setViewportSize({ width: 1280, height: 900 });
  await press("Your sign-in");
  const dialog = page.getByRole("dialog", { name: "Your sign-in" });
  await dialog.getByRole("button", { name: "Show raw token" }).first().click();
  expect(await page.getByRole("banner", { includeHidden: true }).count()).toBe(1);
  await expectAccessible(page, "ui-tokens");
  await dialog.getByRole("button", { name: "Close" }).click();
});

test("an unknown address is reported, also after signing in", async () => {
  for (const [address, kind] of [
    ["#/runs/<x>", "run"],
    ["#/orders/cut off", "order"],
    ["#/elsewhere", "page"],
  ] as const) {
    await page.goto(`${stack.urls.ui}/${address}`);
    await hasFocus(page.getByRole("heading", { name: `No such ${kind}` }));
    await tabSays(`No such ${kind}`);
  }
  await page.goto(`${stack.urls.ui}/#/runs/8c1ad0fe/messages/`);
  await heading("No such run");
  await expectAccessible(page, "ui-no-such-run");
  await expectFitAt320();
  await page.getByRole("link", { name: "Back to the demo" }).click();
  await delegates();
  await tabSays("Workspace");

  const other = await openPage(browser);
  await other.page.goto(`${stack.urls.ui}/#/runs/<x>`);
  await other.page.getByRole("button", { name: "Sign in" }).click();
  await fillLoginPage(other.page);
  await other.page.getByRole("heading", { name: "No such run" }).waitFor(WAIT);
});

test("the focus stays near a pressed element that disappears", async () => {
  await unfold(page, "settings");
  await pressKey("Add it");
  await hasFocus(page.getByLabel("Custom prompt"));
  await pressKey("Remove constraint budget_limit");
  await hasFocus(page.getByRole("button", { name: "Remove constraint delivery_time" }));
  await pressKey("Remove constraint quality_requirement");
  await hasFocus(page.getByRole("button", { name: "Remove constraint delivery_time" }));
  await pressKey("Remove constraint delivery_time");
  await hasFocus(page.getByRole("button", { name: "Add constraint" }));
  await pressKey("Add constraint");
  await hasFocus(page.getByLabel("Constraint 1 name"));
  await page.keyboard.type("budget_limit");
  await page.getByLabel("Constraint 1 value").fill("500000");

  // The button stays while an action is in progress, but accepts no more presses.
  const held = Promise.withResolvers<void>();
  let calls = 0;
  await page.route("**/catalogue", async (route) => {
    calls += 1;
    await held.promise;
    await route.continue();
  });
  await unfold(page, "order-panel");
  const catalogue = page.getByRole("button", { name: "Show the catalogue" });
  await catalogue.press("Enter");
  await expect.poll(() => catalogue.getAttribute("aria-disabled"), WAIT).toBe("true");
  await hasFocus(catalogue);
  await expectAccessible(page, "ui-catalogue-awaited");
  await page.keyboard.press("Enter");
  held.resolve();
  await hasFocus(page.getByLabel("Model"));
  expect(calls).toBe(1);
  await page.unroute("**/catalogue");
  await page.reload();
  await delegates();
});

/** Pixels of the focused element that the page's head covers. */
const COVERED = `(() => {
  const focused = document.activeElement;
  const head = document.querySelector("header");
  if (focused === document.body || head.contains(focused)) return 0;
  return Math.max(0, head.getBoundingClientRect().bottom - focused.getBoundingClientRect().top);
})()`;

test("the focused element is not covered by the page's head", async () => {
  await page.setViewportSize({ width: 1280, height: 400 });
  await page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)");
  await page.getByRole("link", { name: "The guide" }).focus();
  const covered: unknown[] = [];
  for (let step = 0; step < 12; step += 1) {
    await page.keyboard.press("Shift+Tab");
    covered.push(await page.evaluate(COVERED));
    if (step === 6) await screenshot(page, "ui-focus-under-head", { fullPage: false });
  }
  expect(await page.evaluate("scrollY")).toBeLessThan(400);
  expect(covered).toEqual(covered.map(() => 0));
  await page.setViewportSize({ width: 1280, height: 900 });
});

test("the consent page, and the run it was for", async () => {
  await fillPrompt(page, MARKET_PROMPT);
  await press("Run Custom Optimization");
  await consentPageOpen(page);
  await expectAccessible(page, "consent");
  await decideConsent(page, "Allow");
  await heading("Optimization completed");
  await openReport(page, "Market Analysis Report");
  for (const part of ["granted-consent", "delegates-panel", "take-along"]) await unfold(page, part);
  await page
    .getByTestId("delegates-panel")
    .getByText(/^Not offered/)
    .waitFor(WAIT);
  await tabSays(/Completed: run [0-9a-f]{8}/);
  await expectAccessible(page, "ui-completed");
});

/** An agent may answer with wide tables and code. */
const WIDE_ANSWER = [
  `| ${"Department | ".repeat(9)}`,
  `|${"---|".repeat(9)}`,
  `| ${"engineering | ".repeat(9)}`,
  "",
  "```",
  "a line of code that is not broken ".repeat(8),
  "```",
  "",
  `A token: ${"a1B2".repeat(100)}, and https://reports.example/${"path".repeat(60)}.`,
  "[A script](javascript:alert(1)), [a page](https://reports.example/).",
].join("\n");

test("an answer that is wider than a phone", async () => {
  const events = "**/optimization/progress/*/events";
  const begin = "# Supply Chain Optimization Analysis";
  await page.route(events, async (route) => {
    const response = await route.fetch();
    const wide = JSON.stringify(`${begin}\n\n${WIDE_ANSWER}`).slice(1, -1);
    await route.fulfill({ response, body: (await response.text()).replaceAll(begin, wide) });
  });
  await unfold(page, "run-history");
  await page.getByTestId("run-history").getByRole("button", { name: "Completed" }).first().press("Enter");
  await hasFocus(page.getByRole("heading", { name: "Optimization completed" }));
  await unfold(page, "report");
  await page.getByText("A token:").waitFor(WAIT);
  await page.unroute(events);
  await expectAccessible(page, "ui-wide-answer", { everyShape: true });

  expect(await page.getByRole("link", { name: "A script" }).count()).toBe(0);
  expect(await page.getByRole("link", { name: "a page" }).getAttribute("href")).toBe(
    "https://reports.example/",
  );
  // The box measures itself after the window has changed.
  const wideBox = page.getByRole("region", { name: "Recommendations" });
  await expect.poll(() => wideBox.count(), WAIT).toBe(0);
  await page.setViewportSize({ width: 390, height: 844 });
  for (const name of ["Table", "Code", "Recommendations"]) {
    const region = page.getByRole("region", { name, exact: true });
    await region.focus(WAIT);
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => region.evaluate((box) => box.scrollLeft), WAIT).toBeGreaterThan(0);
  }
  await expectFit();
  await expectFitAt320();
});

test("every message of the run, and the section that demands a check", async () => {
  await page.getByRole("link", { name: "Show every message" }).click();
  const messages = page.getByRole("link", { name: /^Message \d+ of / });
  await expect.poll(() => messages.count(), WAIT).toBe(10);
  await tabSays(/Messages of run [0-9a-f]{8}/);
  const why = page.getByText("Opened because this is the first signed message");
  await why.waitFor(WAIT);
  await messages.nth(6).click();
  await why.waitFor({ ...WAIT, state: "detached" });
  await expectAccessible(page, "protocol-view", { everyShape: true });
  for (const [tab, text] of [
    ["Signature", "an independent implementation, builds the same base"],
    ["Token", "signed this message with the same key"],
    ["Request and response", "As recorded by the sender"],
  ] as const) {
    await page.getByRole("tab", { name: tab }).click();
    await page.getByText(text).waitFor(WAIT);
    await expectAccessible(page, `protocol-view-${tab.split(" ")[0]?.toLowerCase()}`);
  }
  // In forced colours only lines can show the selection.
  await page.emulateMedia({ forcedColors: "active" });
  const lineOf = (isSelected: boolean) =>
    page
      .getByRole("tab", { selected: isSelected })
      .first()
      .evaluate((tab) => tab.ownerDocument.defaultView!.getComputedStyle(tab).borderBottom);
  expect(await lineOf(true)).not.toBe(await lineOf(false));
  await unfold(page, "spans");
  const bars = await drawn(page.getByTestId("waterfall").locator("[data-service][style]"));
  expect(bars.length).toBeGreaterThan(5);
  for (const bar of bars) expect(bar).toMatchObject({ isKept: true, borderTopWidth: "1px" });
  await screenshot(page, "protocol-view-forced-colors");
  await page.emulateMedia({ forcedColors: "none" });
  await messages.nth(3).click();
  await page.getByText("The page records its own traces").waitFor(WAIT);
  await expectAccessible(page, "protocol-view-visit");
  await messages.nth(6).click();
  await page.getByRole("tab", { name: "Checks" }).click();

  await page.getByText("Gateway: passed").click();
  const opener = page.getByRole("button", { name: "profile 2.7" }).first();
  await opener.click();
  const dialog = page.getByRole("dialog", { name: "Wire profile, section 2.7" });
  await dialog.getByText("same key at the same authority").waitFor(WAIT);
  await expectAccessible(page, "protocol-section");
  await dialog.getByRole("button", { name: "Close" }).click();
  await expect.poll(() => opener.evaluate((button) => button.matches(":focus")), WAIT).toBe(true);
});

test("an attack on a bearer token and on AAuth, side by side", async () => {
  await pressKey("Try: Change one byte of the body");
  await press("Show both sides: Change one byte of the body");
  const opened = page.locator('[data-opened="changed-body"]');
  await opened.getByTestId("message-answers").waitFor(WAIT);
  await expectAccessible(page, "break-it-both-sides");
  await expectFitAt320();
  await press("Hide both sides: Change one byte of the body");
});

test("a tampered request, and its message on a separate page", async () => {
  await page.getByRole("button", { name: /^Show \d+ more attacks on AAuth$/ }).click(WAIT);
  await pressKey("Try: Send it to another path");
  await page.getByRole("button", { name: "Show the message" }).waitFor(WAIT);
  await hasFocus(page.getByRole("button", { name: "Try: Send it to another path" }));
  await press("Show the message: Send it to another path");
  const attempt = page.locator('[data-opened="changed-path"]');
  await attempt.getByRole("tab", { name: "Signature" }).click(WAIT);
  await page.getByText("The differences are marked").waitFor(WAIT);
  await expectAccessible(page, "break-it");
  await expectFitAt320();
  await attempt.getByRole("link", { name: "Open on its own page" }).click();
  await heading("An attempt to break run");
  await page.getByTestId("message-answers").waitFor(WAIT);
  await tabSays(/Attempt to break run [0-9a-f]{8}/);
  // There is only one message to step to.
  expect(await page.getByRole("button", { name: "Next" }).count()).toBe(0);
  expect(await page.getByText("step through with the arrow keys").count()).toBe(0);
  await expectAccessible(page, "break-it-attempt");
  await page.getByRole("link", { name: "Back to the run" }).click();
  await page.getByRole("link", { name: "Back to the demo" }).click();
});

test("consent revoked, and refused", async () => {
  await unfold(page, "granted-consent");
  await press("Revoke");
  await page.getByText(/^Revoked at/).waitFor(WAIT);
  await expectAccessible(page, "ui-revoked");
  await press("Optimize Laptop Supply Chain");
  await consentPageOpen(page);
  await decideConsent(page, "Deny");
  await page.getByTestId("denial").waitFor(WAIT);
  await tabSays(/Not allowed: run [0-9a-f]{8}/);
  await expectAccessible(page, "ui-denied");
});

test("a run is not tried again with a constraint that cannot be sent", async () => {
  const starts: string[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/optimization/start")) starts.push(request.method());
  });
  await page.getByLabel("Constraint 1 value").fill("");
  await press("Try again");
  await hasFocus(page.getByLabel("Constraint 1 name"));
  await page.getByText("Give this constraint a value").waitFor(WAIT);
  await page.getByText("Complete the marked constraints, then start again.").waitFor(WAIT);
  await expectAccessible(page, "ui-not-sent");
  expect(starts).toEqual([]);
  await page.getByLabel("Constraint 1 value").fill("500000");
  await press("Try again");
  await consentPageOpen(page);
  expect(starts).toContain("POST");
  await decideConsent(page, "Deny");
  await page.getByTestId("denial").waitFor(WAIT);

  await page.emulateMedia({ forcedColors: "active" });
  const [bar] = await drawn(page.locator(".mantine-Progress-section"));
  const [frame] = await drawn(page.locator(".mantine-Progress-root"));
  const [ground] = await drawn(page.locator("body"));
  expect(bar?.isKept).toBe(true);
  expect(bar?.backgroundColor).not.toBe(ground?.backgroundColor);
  expect(frame?.borderTopWidth).toBe("1px");
  await screenshot(page, "ui-refused-forced-colors");
  await page.emulateMedia({ forcedColors: "none" });
});

test("an order, and the agent's own page", async () => {
  const interactions: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/interaction?session=")) interactions.push(request.url());
  });
  // The decision is shown for a second only, before the browser returns by itself.
  const wayBack = "**/auth/aauth/interaction?**";
  await page.route(wayBack, (route) => route.abort("aborted"));
  await unfold(page, "order-panel");
  await press("Show the catalogue");
  await page.getByLabel("Model").waitFor(WAIT);
  await expectAccessible(page, "ui-catalogue");
  await press(/^Order for/);
  await consentPageOpen(page);
  await expectAccessible(page, "consent-identity");
  await decideConsent(page, "Allow");
  await heading("Approve this order?");
  await expectAccessible(page, "agent-approval");
  await press("Approve");
  await heading("Approved");
  await expectAccessible(page, "agent-approved");
  await page.unroute(wayBack);
  await page.getByRole("link").click();
  await page.getByTestId("order-placed").waitFor(WAIT);
  await expectAccessible(page, "ui-order-placed");
  await page.getByRole("link", { name: "Show the order’s messages" }).click();
  await expect.poll(() => page.getByRole("link", { name: /^Message \d+ of 5/ }).count(), WAIT).toBe(5);
  await tabSays(/Messages of order [0-9a-f]{8}/);
  await expectAccessible(page, "order-messages");
  await page.getByRole("link", { name: "Back to the demo" }).click();
  await page.getByTestId("order-panel").waitFor(WAIT);

  watched.expectComplaint(/status of 400/);
  await page.goto(interactions[0]!);
  await heading("This interaction cannot continue");
  await expectAccessible(page, "agent-problem");
});

test("the trace store's page", async () => {
  const trace = page.locator("[data-testid=traces] a");
  await page.goto(stack.urls.traces);
  await trace.first().waitFor(WAIT);
  await expectAccessible(page, "traces-search");
  await trace.filter({ hasText: "optimization" }).first().click();
  await page.getByRole("button", { name: "POST", expanded: false }).first().click(WAIT);
  await page.getByTestId("span-detail").waitFor(WAIT);
  await expectAccessible(page, "traces-waterfall");
  await page.emulateMedia({ forcedColors: "active" });
  await screenshot(page, "traces-waterfall-forced-colors");
  await page.emulateMedia({ forcedColors: "none" });
  watched.expectComplaint(/status of 404/);
  await page.goto(`${stack.urls.traces}/trace/${"a".repeat(32)}`);
  await heading("Trace not found");
  expect(await page.title()).toBe("Trace not found · Traces");
  await expectAccessible(page, "traces-not-found");
});

test("clearing the runs, and a backend that cannot be reached for it", async () => {
  const clear = "**/optimization/clear";
  const list = page.getByTestId("run-history");
  await page.goto(stack.urls.ui);
  await unfold(page, "run-history");
  await page.route(clear, (route) => route.abort());
  watched.expectComplaint(/ERR_FAILED/);
  await pressKey("Clear");
  await list.getByText(/^Forget all \d+ runs\?$/).waitFor(WAIT);
  await hasFocus(page.getByRole("button", { name: "Keep them" }));
  await expectAccessible(page, "ui-clear-asked");
  await pressKey("Keep them");
  await hasFocus(page.getByRole("button", { name: "Clear" }));
  await pressKey("Clear");
  await pressKey("Clear them");
  await list.getByRole("heading", { name: "The runs were not cleared" }).waitFor(WAIT);
  await hasFocus(page.getByRole("button", { name: "Clear them" }));
  await expectAccessible(page, "ui-not-cleared");
  await page.unroute(clear);
  await pressKey("Clear them");
  await list.waitFor({ ...WAIT, state: "detached" });
  await hasFocus(page.getByRole("heading", { name: "Agents plan a laptop order for you" }));
});

test("the auth server's errors, and signing out there", async () => {
  watched.expectComplaint(/status of 400/);
  await page.goto(`${stack.urls.issuer}/protocol/openid-connect/auth?client_id=nobody`);
  await heading("Something went wrong");
  await expectAccessible(page, "auth-server-error");
  await page.goto(`${stack.urls.issuer}/protocol/aauth/agent/auth?request_token=nonsense`);
  await heading("This request cannot be answered");
  await expectAccessible(page, "consent-error");
  await page.goto(`${stack.urls.issuer}/protocol/openid-connect/logout`);
  await heading("Sign out");
  await expectAccessible(page, "logout");
  await press("Sign out");
  await heading("Signed out");
  await expectAccessible(page, "signed-out");
});

test("a run that fails, and an auth server that is gone", async () => {
  await page.goto(stack.urls.ui);
  await stack.kill("gateway");
  await press("Optimize Laptop Supply Chain");
  await page.getByTestId("failure-panel").waitFor(WAIT);
  await expectAccessible(page, "ui-failed");

  const other = await openPage(browser);
  await stack.kill("auth-server");
  other.expectComplaint(/ERR_CONNECTION_REFUSED/);
  await other.page.goto(stack.urls.ui);
  await other.page.getByRole("button", { name: "Sign in" }).click();
  await other.page.getByTestId("failure-panel").waitFor(WAIT);
  await expectAccessible(other.page, "ui-auth-server-gone");
});
