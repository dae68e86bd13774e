/** Every mode by one press on the page of `npm run demo`, in its process. */
import { createServer } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { modePorts } from "../../scripts/demo/demo-modes.ts";
import { freeStackPorts } from "../../scripts/demo/free-ports.ts";
import { PORT_VARIABLES, stackUrls } from "../../scripts/demo/stack.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import { type Child, startChild } from "../support/child.ts";
import { screenshot } from "../support/screenshot.ts";
import { fillLoginPage, signInOnPage } from "../support/sign-in.ts";

let demo: Child;
let browser: Browser;
let own: string;
let address: string;
beforeAll(async () => {
  const ports = await freeStackPorts();
  const variables = Object.entries(PORT_VARIABLES).map(([key, name]) => [
    name,
    String(ports[key as keyof typeof ports]),
  ]);
  demo = startChild(process.execPath, ["scripts/demo/main.ts", "--fresh"], {
    env: { ...process.env, AAUTH_STORE: "", ...Object.fromEntries(variables) },
  });
  own = stackUrls(ports).ui;
  [address] = (await demo.prints(/http:\/\/localhost:\d+\/#start=[\w-]+/)) as [string];
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  demo?.process.kill("SIGINT");
  expect(await demo?.ended).toMatchObject({ status: 0 });
});

const pageOf = (name: Parameters<typeof modePorts>[0]) => stackUrls(modePorts(name)).ui;
const start = (page: Page, name: string) =>
  page.getByRole("main").getByRole("button", { name: `Start ${name}` });

test("a press starts a mode and leads there, a run completes in it, and the menu leads back and stops it", async () => {
  const { page } = await openPage(browser);
  await page.goto(address);
  expect(page.url()).toBe(`${own}/`);
  await start(page, "agent-identity").click();
  await page.waitForURL(`${pageOf("agent-identity")}/`);
  expect(demo.text()).toMatch(/agent-identity is ready after \d\.\d s/);
  await page.getByRole("button", { name: "Sign in" }).click();
  await fillLoginPage(page);
  await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
  await page.getByRole("heading", { name: "Optimization completed" }).waitFor();
  await page.getByTestId("version").click();
  const menu = page.getByRole("dialog", { name: "Versions and modes" });
  expect(await menu.getByRole("button", { name: "Stop agent-identity" }).count()).toBe(0);
  await screenshot(page, "modes-menu", { fullPage: false });
  await menu.getByRole("button", { name: "Open autonomous" }).click();
  await page.waitForURL(`${own}/`);
  await page.getByRole("main").getByRole("button", { name: "Stop agent-identity" }).click();
  await start(page, "agent-identity").waitFor();
  await expect.poll(() => fetch(pageOf("agent-identity")).catch(() => "gone")).toBe("gone");
  await screenshot(page, "modes-front", { fullPage: false });
});

test("a hundred presses are one start, and the sign-in of the first mode stays", async () => {
  const { page } = await openPage(browser);
  await signInOnPage(page, address);
  await page.getByTestId("version").click();
  await page.evaluate(`
    const button = document.querySelector('[aria-label="Start federated"]');
    for (let press = 0; press < 100; press++) button.click();
  `);
  await page.waitForURL(`${pageOf("federated")}/`);
  expect(demo.text().match(/federated is ready/g)).toHaveLength(1);
  await page.goto(own);
  await page.getByTestId("signed-in-user").waitFor();
});

test("a taken port is named where the button was pressed, and the running modes stay", async () => {
  const taken = createServer().listen(modePorts("user-delegated").backend, "127.0.0.1");
  onTestFinished(() => void taken.close());
  const { page, expectComplaint } = await openPage(browser);
  expectComplaint(/status of 409/);
  await page.goto(address);
  await start(page, "user-delegated").click();
  const panel = page.getByRole("alert");
  expect(await panel.textContent()).toContain(
    `user-delegated was not startedA port is taken by another process`,
  );
  await screenshot(page, "modes-taken");
  expect((await fetch(own)).status).toBe(200);
});

test("without the printed address the page shows commands, and says why", async () => {
  const { page } = await openPage(browser);
  await page.goto(own);
  const main = page.getByRole("main");
  await main.getByText("Only the address that the terminal has printed").waitFor();
  expect(await main.getByRole("button", { name: /^Start / }).count()).toBe(0);
  expect(await main.getByText("npm run demo -- --profile draft-11 --mode federated").count()).toBe(1);
});

test("a secret of an earlier start is refused in words, and the printed address mends it in the same tab", async () => {
  const { page, expectComplaint } = await openPage(browser);
  expectComplaint(/status of 403/);
  await page.goto(`${own}/#start=AAAAAAAAAAAAAAAAAAAAAA`);
  await page.getByText("open the address that the terminal has printed").waitFor();
  await page.evaluate(`location.hash = "${new URL(address).hash}"`);
  await page.waitForURL(`${own}/`);
  await start(page, "person-identity").waitFor();
});
