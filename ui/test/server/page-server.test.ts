import { once } from "node:events";
import { readdirSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
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
  await writeFile(join(folder, "assets/page-1a2b.js.br"), "in Brotli");
  await writeFile(join(folder, "assets/page-1a2b.js.gz"), "in gzip");
  await writeFile(join(folder, "assets/large-3c4d.js"), "x".repeat(250_000));
  await writeFile(join(folder, "../beside.txt"), "not to be served");
  const server = createPageServer(folder, browser);
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("A12: callers that do not finish a request are cut off", async () => {
  const folder = await mkdtemp(join(tmpdir(), "page-"));
  await writeFile(join(folder, "index.html"), "<title>page</title>");
  expect(createPageServer(folder, browser)).toMatchObject({
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
    const policy = headers.get("content-security-policy");
    expect(policy).toContain("connect-src 'self' http://localhost:8000 http://localhost:8080;");
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("script-src");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("access-control-allow-origin")).toBeNull();
  }
});

test("a HEAD has no body", async () => {
  const head = await fetch(await servedPage(), { method: "HEAD" });
  expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "19", ""]);
});

test.runIf(process.platform === "linux")("browsers that hang up leave no file open", async () => {
  const openFiles = () => readdirSync("/proc/self/fd").length;
  const url = await servedPage();
  const before = openFiles();
  for (let count = 0; count < 20; count++) {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    await once(socket, "connect");
    socket.pause();
    socket.write("GET /assets/large-3c4d.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20));
    await pause(10);
    socket.destroy();
  }
  await vi.waitFor(() => expect(openFiles()).toBeLessThan(before + 20), { timeout: 5000 });
});

test("browsers keep only files with a hash in their names", async () => {
  const url = await servedPage();
  expect((await fetch(url)).headers.get("cache-control")).toBe("no-cache");
  expect((await fetch(`${url}/assets/page-1a2b.js`)).headers.get("cache-control")).toContain("immutable");
});

test.each([
  ["gzip, deflate, br, zstd", "br", "in Brotli"],
  ["gzip;q=1.0, BR;q=0.5", "br", "in Brotli"],
  ["gzip, br;q=0", "gzip", "in gzip"],
  ["br; q=0.000,gzip ; q=0.1", "gzip", "in gzip"],
  ["br;q=0, gzip;q=0.0", undefined, "export {};"],
  ["brotli, xgzip", undefined, "export {};"],
  ["", undefined, "export {};"],
])("a file is sent as the build compressed it, for Accept-Encoding: %s", async (accepted, coding, body) => {
  // `fetch` would decode the content coding.
  const ask = async (method: string) => {
    const headers = { "accept-encoding": accepted };
    const url = `${await servedPage()}/assets/page-1a2b.js`;
    const [reply] = (await once(request(url, { method, headers }).end(), "response")) as [IncomingMessage];
    return { reply: reply.headers, text: await text(reply) };
  };
  const { reply, text: received } = await ask("GET");
  expect([reply["content-encoding"], received]).toEqual([coding, body]);
  expect(reply).toMatchObject({
    vary: "accept-encoding",
    "content-length": String(body.length),
    "content-type": "text/javascript; charset=utf-8",
    "cache-control": "public, max-age=31536000, immutable",
  });
  expect((await ask("HEAD")).reply).toEqual({ ...reply, date: expect.anything() });
});

test.each([
  ["GET", "/assets/page-1a2b.js.br", 404],
  ["GET", "/missing.js", 404],
  ["GET", "/..%2fbeside.txt", 404],
  ["POST", "/", 405],
])("%s %s is answered with %i", async (method, path, status) => {
  expect((await fetch(`${await servedPage()}${path}`, { method })).status).toBe(status);
});

test.each(["bytes=0-1", "x"])("the whole file is the answer to Range: %s", async (range) => {
  const url = await servedPage();
  const reply = await fetch(url, { headers: { range } });
  expect([reply.status, await reply.text()]).toEqual([200, "<title>page</title>"]);
});

test.each(["/%", "/%ff", "/%00", "//", "/\\", "/a?%", "*", "http://other.test/x"])(
  "does not serve %s as a file",
  async (path) => {
    const { port } = new URL(await servedPage());
    const [reply] = await once(request({ port, path, agent: false }).end(), "response");
    reply.resume();
    expect([200, 404]).toContain(reply.statusCode);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  },
);
