import { mkdtemp } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { runProgram } from "../../scripts/run-program.ts";
import { createPageServer } from "../../ui/server/page-server.ts";
import { openPage, startBrowser } from "../support/browser.ts";

let browser: Browser;
let folder: string;

beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "built-page-")), "dist");
  const vite = `${REPOSITORY_ROOT}ui/node_modules/vite/bin/vite.js`;
  const built = await runProgram(process.execPath, [vite, "build", "ui", "--outDir", folder], {
    output: "caught",
  });
  if (built.status !== 0) throw new Error(built.output);
  browser = await startBrowser();
});
afterAll(() => browser?.close());

/** With its content security policy, which Vite's development server cannot send. In `docker compose` the page is served like this. */
test("the built page starts under its content security policy, without a complaint", async () => {
  const server = createPageServer(folder, {
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
    // The part that shows a run's messages is loaded later, and brings schemas of its own.
    await page.goto(`http://localhost:${port}/#/runs/00000000-0000-4000-8000-000000000000/messages`);
    await page.waitForLoadState("networkidle");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
