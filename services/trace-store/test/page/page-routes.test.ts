import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type StoreUnderTest, startStore } from "../support/store-under-test.ts";

const folder = mkdtempSync(join(tmpdir(), "traces-page-"));
let store: StoreUnderTest;
beforeAll(async () => {
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "traces.html"), "<title>Traces</title>");
  writeFileSync(join(folder, "index.html"), "<title>Workspace</title>");
  writeFileSync(join(folder, "assets/traces-1a2b.js"), "start()");
  writeFileSync(join(folder, "assets/traces-1a2b.js.br"), "in Brotli");
  store = await startStore({ pageFolder: folder });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const ask = (url: string) => store.app.inject({ url });

describe.each(["/", "/search?service=shop", `/trace/${"a".repeat(32)}`])("%s", (url) => {
  test("is the page, asked for again each time", async () => {
    const { statusCode, headers, body } = await ask(url);
    expect([statusCode, body]).toEqual([200, "<title>Traces</title>"]);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "public, max-age=0",
    });
  });

  test("runs no script of a span, and asks no other server", async () => {
    const policy = String((await ask(url)).headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'; script-src 'self'");
    expect(policy).not.toContain("unsafe");
  });
});

test("a file whose name has a hash stays in the browser's cache", async () => {
  const { body, headers } = await ask("/assets/traces-1a2b.js");
  expect(body).toBe("start()");
  expect(headers["cache-control"]).toContain("immutable");
});

test("a file is sent as the build compressed it, where the browser accepts that", async () => {
  const url = "/assets/traces-1a2b.js";
  const send = (accepted: string) => store.app.inject({ url, headers: { "accept-encoding": accepted } });
  const { body, headers } = await send("gzip, br");
  expect(body).toBe("in Brotli");
  expect(headers).toMatchObject({ "content-encoding": "br", vary: "accept-encoding" });
  expect(headers["content-type"]).toContain("javascript");
  expect((await send("gzip")).body).toBe("start()");
});

test.each(["/nothere", "/index.html", "/trace/a/b", "/assets/../index.html", "/assets/%2e%2e%2findex.html"])(
  "serves nothing at %s",
  async (url) => {
    expect((await ask(url)).statusCode).toBe(404);
  },
);

test("without a built page there are queries only", async () => {
  const bare = await startStore();
  expect((await bare.app.inject({ url: "/" })).statusCode).toBe(404);
  expect((await bare.ask("/api/services")).status).toBe(200);
  await bare.close();
});
