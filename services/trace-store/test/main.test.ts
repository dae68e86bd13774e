import { request } from "node:http";
import { fileURLToPath } from "node:url";
import { loadConfig } from "agent-kit/service";
import { expect, test } from "vitest";
import { startChild } from "../../../tests/support/child.ts";
import { settings } from "../src/config.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const start = (args: string[], env: Record<string, string> = {}) =>
  startChild(process.execPath, [MAIN, ...args], { env: { PATH: process.env.PATH, ...env } });

test("nothing set is a working store on Jaeger's ports, on loopback", () => {
  expect(loadConfig({ service: "trace-store", settings, env: {}, argv: [] })).toMatchObject({
    host: "127.0.0.1",
    port: 16686,
    otlpPort: 4318,
    hosts: [],
    allowedOrigins: ["http://localhost:3050"],
  });
});

test("starts, tells both addresses, stops when told to", async () => {
  const child = start(["--port", "0", "--otlp-port", "0"]);
  const [, url] = await child.prints(/trace-store ready on (\S+)/);
  const [, otlpUrl] = await child.prints(/otlp=(\S+)/);
  for (const address of [url, otlpUrl]) expect((await fetch(`${address}/health`)).status).toBe(200);
  child.process.kill("SIGTERM");
  expect(await child.ended).toEqual({ status: 0, signal: null });
});

test("answers under a name it was given, and under no other that a stranger's page can have", async () => {
  const child = start(["--port", "0", "--otlp-port", "0"], { TRACE_STORE_HOSTS: "traces.example.org" });
  const [, url] = await child.prints(/trace-store ready on (\S+)/);
  const statusAs = (host: string) =>
    new Promise((resolve, reject) => {
      const asked = request(`${url}/api/services`, { headers: { host } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      asked.on("error", reject).end();
    });
  expect(await statusAs("traces.example.org")).toBe(200);
  expect(await statusAs("evil.example.org")).toBe(421);
});

test("a wrong value stops the start, with the variable's name", async () => {
  const child = start([], { TRACE_STORE_MAX_BYTES: "64MB" });
  expect((await child.ended).status).toBe(2);
  expect(child.text()).toContain("TRACE_STORE_MAX_BYTES");
});
