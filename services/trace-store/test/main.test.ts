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

test("starts, prints both addresses, stops on SIGTERM", async () => {
  const child = start(["--port", "0", "--otlp-port", "0"]);
  const [, url] = await child.prints(/trace-store ready on (\S+)/);
  const [, otlpUrl] = await child.prints(/otlp=(\S+)/);
  for (const address of [url, otlpUrl]) expect((await fetch(`${address}/health`)).status).toBe(200);
  child.process.kill("SIGTERM");
  expect(await child.ended).toEqual({ status: 0, signal: null });
});
