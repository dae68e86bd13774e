import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createPageServer } from "../../server/page-server.ts";

const browser = {
  backendUrl: "http://localhost:8000",
  authServerUrl: "http://localhost:8080/realms/aauth-test",
  clientId: "supply-chain-ui",
};

async function servedPage(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "page-"));
  await mkdir(join(folder, "assets"));
  await writeFile(join(folder, "index.html"), "<title>page</title>");
  await writeFile(join(folder, "assets/page-1a2b.js"), "export {};");
  await writeFile(join(folder, "../beside.txt"), "not to be served");
  const server = createPageServer(folder, browser);
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("A12: callers that do not finish a request are cut off", async () => {
  expect(createPageServer(await mkdtemp(join(tmpdir(), "page-")), browser)).toMatchObject({
    headersTimeout: 10_000,
    requestTimeout: 15_000,
    connectionsCheckingInterval: 1000,
    maxConnections: 1024,
  });
});

test("the page and its settings are served, each with the content security policy", async () => {
  const url = await servedPage();
  const page = await fetch(url);
  expect(await page.text()).toBe("<title>page</title>");
  const config = await fetch(`${url}/config.json?x=1`);
  expect(await config.json()).toEqual(browser);
  expect(config.headers.get("cache-control")).toBe("no-store");
  for (const { headers } of [page, config, await fetch(`${url}/missing`)]) {
    expect(headers.get("content-security-policy")).toContain(
      "connect-src 'self' http://localhost:8000 http://localhost:8080;",
    );
  }
});

test("only files whose names carry a hash are kept by browsers", async () => {
  const url = await servedPage();
  expect((await fetch(url)).headers.get("cache-control")).toBe("no-cache");
  expect((await fetch(`${url}/assets/page-1a2b.js`)).headers.get("cache-control")).toContain("immutable");
});

test.each([
  ["GET", "/missing.js", 404],
  ["GET", "/..%2fbeside.txt", 404],
  ["POST", "/", 405],
])("%s %s is answered with %i", async (method, path, status) => {
  expect((await fetch(`${await servedPage()}${path}`, { method })).status).toBe(status);
});
