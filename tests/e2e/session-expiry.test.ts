import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Request } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { expectAccessible } from "../support/accessibility.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { fillPrompt } from "../support/front-page.ts";
import { fillLoginPage, signInOnPage } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const TOKEN_SECONDS = 6;
const PROMPT = "optimize laptop supply chain for a team of three";
const WAIT = { timeout: 30_000 };

let browser: Browser;
let stack: TestStack;
let watched: WatchedPage;

beforeAll(async () => {
  const realm = JSON.parse(await readFile(`${REPOSITORY_ROOT}keycloak/realm/aauth-test-realm.json`, "utf8"));
  const realmFile = join(await mkdtemp(join(tmpdir(), "realm-")), "realm.json");
  await writeFile(realmFile, JSON.stringify({ ...realm, accessTokenLifespan: TOKEN_SECONDS }));
  browser = await startBrowser();
  stack = await startStack({
    modes: { ui: true },
    env: { "auth-server": { AUTH_SERVER_REALM_FILE: realmFile } },
  });
  watched = await openPage(browser);
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

/** The next run that the page starts at the backend. */
const nextStart = () =>
  watched.page.waitForRequest(
    (request) => request.method() === "POST" && request.url().endsWith("/optimization/start"),
  );
const tokenOf = (request: Request) => request.headers().authorization;

test("a session continues when its access token expires, and the user notices nothing", async () => {
  const { page } = watched;
  await signInOnPage(page, stack.urls.ui);
  await fillPrompt(page, PROMPT);
  const [first] = await Promise.all([
    nextStart(),
    page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click(),
  ]);
  await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);

  await page.waitForTimeout((TOKEN_SECONDS + 1) * 1000);
  expect(await page.getByTestId("lapsed-banner").count()).toBe(0);
  const [second] = await Promise.all([
    nextStart(),
    page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click(),
  ]);
  await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
  expect(tokenOf(second)).not.toBe(tokenOf(first));
  expect(await page.getByLabel("Custom prompt").inputValue()).toBe(PROMPT);
});

test("tabs know each other's user: a new one continues as that user, and a sign-out ends all", async () => {
  const { page, context } = watched;
  const [second, away] = [await context.newPage(), await context.newPage()];
  for (const tab of [second, away]) {
    await tab.goto(stack.urls.ui);
    await tab.getByRole("button", { name: "Continue as mcp user" }).click();
    await tab.getByTestId("signed-in-user").waitFor(WAIT);
  }
  await away.goto("about:blank");
  await second.getByRole("button", { name: "Sign out" }).click();
  for (const tab of [page, second]) await tab.getByRole("button", { name: "Sign in" }).waitFor(WAIT);
  await away.goto(stack.urls.ui);
  await away.getByRole("button", { name: "Sign in", exact: true }).waitFor(WAIT);
  for (const tab of [second, away]) await tab.close();
  await signInOnPage(page, stack.urls.ui);
  await fillPrompt(page, PROMPT);
});

test("a session that was ended elsewhere requires a new sign-in, without losing typed text", async () => {
  const { page, context } = watched;
  // Every refused renewal.
  watched.expectComplaint(/status of 400/);
  const elsewhere = await context.newPage();
  await elsewhere.goto(`${stack.urls.issuer}/protocol/openid-connect/logout`);
  await elsewhere.getByRole("button", { name: "Sign out" }).click();
  await elsewhere.getByRole("heading", { name: "Signed out" }).waitFor(WAIT);
  await elsewhere.close();

  await page.getByTestId("lapsed-banner").waitFor(WAIT);
  expect(await page.getByLabel("Custom prompt").inputValue()).toBe(PROMPT);
  expect(await page.getByRole("button", { name: "Run Custom Optimization" }).isDisabled()).toBe(true);
  await expectAccessible(page, "ui-session-ended");

  await page.getByRole("button", { name: "Sign in again" }).click();
  await fillLoginPage(page);
  await page.getByTestId("signed-in-user").waitFor(WAIT);
  expect(await page.getByLabel("Custom prompt").inputValue()).toBe(PROMPT);
  await page.getByRole("button", { name: "Run Custom Optimization" }).click();
  await page.getByTestId("run-status").getByText(PROMPT).waitFor(WAIT);
  await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
});
