import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { loadConfig } from "agent-kit/settings";
import { expect, test } from "vitest";
import { startChild } from "../../../tests/support/child.ts";
import { settings } from "../src/config.ts";
import { attribute, exportRequest, newTraceId, otlpSpan } from "./support/otlp-json.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const start = (args: string[], env: Record<string, string> = {}) =>
  startChild(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env.PATH, AAUTH_STORE: "memory", ...env },
  });

test("works by default on Jaeger's ports, on loopback", () => {
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

test("the trace of a run is there after SIGKILL, two seconds after its last span", async () => {
  const folder = mkdtempSync(join(tmpdir(), "trace-store-"));
  const env = { AAUTH_STORE: `sqlite:${folder}/data`, AAUTH_KEYS: `${folder}/keys` };
  const ports = ["--port", "0", "--otlp-port", "0"];
  try {
    const killed = start(ports, env);
    await killed.prints(/trace-store ready on/);
    const [, otlpUrl] = await killed.prints(/otlp=(\S+)/);
    const traceId = newTraceId();
    const attributes = [attribute("optimization.request_id", { stringValue: "run-1" })];
    const sent = await fetch(`${otlpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(exportRequest("shop", [otlpSpan(Date.now(), { traceId, attributes })])),
    });
    expect(sent.status).toBe(200);
    await pause(2000);
    killed.process.kill("SIGKILL");
    await killed.ended;

    const again = start(ports, env);
    const [, url] = await again.prints(/trace-store ready on (\S+)/);
    expect((await fetch(`${url}/api/traces/${traceId}`)).status).toBe(200);
    again.process.kill("SIGTERM");
    await again.ended;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
