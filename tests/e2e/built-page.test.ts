import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtPage } from "../../scripts/demo/built-page.ts";
import { freePort } from "../../scripts/demo/free-ports.ts";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { createPageServer } from "../../ui/server/page-server.ts";
import { expectAccessible } from "../support/accessibility.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import { startChild } from "../support/child.ts";

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

/** `npm run demo` and `docker compose` serve the page in this way. */
test("the built page starts under its content security policy, without a complaint", async () => {
  const server = createPageServer(await builtPage(), {
    backendUrl: "http://localhost:8000",
    authServerUrl: "http://localhost:8080/realms/aauth-test",
    clientId: "supply-chain-ui",
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  try {
    const { page } = await openPage(browser);
    const { port } = server.address() as AddressInfo;
    await page.goto(`http://localhost:${port}/`);
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    // The part that shows a run's messages is loaded later and contains further schemas.
    await page.goto(`http://localhost:${port}/#/runs/00000000-0000-4000-8000-000000000000/messages`);
    await page.waitForLoadState("networkidle");
    await page.goto(`http://localhost:${port}/`);
    await page.getByRole("link", { name: "Guide to the library" }).click();
    await page.getByRole("link", { name: "Waiting for a person" }).click();
    expect(page.url()).toMatch(/\/guide\.html#waiting-for-a-person$/);
    await expectAccessible(page, "guide");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("the development server serves the whole page within its allow list", async () => {
  const port = await freePort();
  const vite = startChild(process.execPath, ["node_modules/vite/bin/vite.js"], {
    cwd: `${REPOSITORY_ROOT}ui`,
    env: { PATH: process.env.PATH, UI_PORT: String(port) },
  });
  await vite.prints(/ready in/);
  const { page, context } = await openPage(browser);
  await page.goto(`http://localhost:${port}/`);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await page.goto(`http://localhost:${port}/#/runs/00000000-0000-4000-8000-000000000000/messages`);
  await page.waitForLoadState("networkidle");
  await page.goto(`http://localhost:${port}/compare.html`);
  await page.getByRole("heading", { name: "The user starts the run" }).waitFor();
  await page.goto(`http://localhost:${port}/guide.html`);
  await page.getByRole("heading", { name: "Waiting for a person" }).waitFor();
  await context.close();
  vite.process.kill("SIGTERM");
  await vite.ended;
});
