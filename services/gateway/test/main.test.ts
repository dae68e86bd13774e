import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { freePort } from "../../../scripts/demo/free-ports.ts";
import { startChild } from "../../../tests/support/child.ts";
import { startFakeServer } from "./support/fake-agent.ts";
import { send } from "./support/http-client.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const FILES = fileURLToPath(new URL("../../../agentgateway/", import.meta.url));

async function run(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const gateway = startChild(process.execPath, [MAIN, ...args], { env });
  const { status } = await gateway.ended;
  return { status, stdout: gateway.stdout(), stderr: gateway.stderr() };
}

describe("the command line", () => {
  test("--validate-only reports success and opens no port", async () => {
    expect(await run(["-f", join(FILES, "config-policy.yaml"), "--validate-only"])).toMatchObject({
      status: 0,
      stdout: "Configuration is valid!\n",
    });
  });

  test("a bad file ends it with every problem", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gateway-main-"));
    const file = join(folder, "bad.yaml");
    writeFileSync(file, "binds:\n- port: 3000\n  aauth: {}\n  mode: x\n  listeners: []\n");
    const { status, stderr } = await run(["-f", file]);
    rmSync(folder, { recursive: true });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^gateway cannot start: bad\.yaml cannot be used\n/);
    expect(stderr).not.toMatch(/^\s+at /m);
    for (const [line, key] of [
      [3, "aauth"],
      [4, "mode"],
    ]) {
      expect(stderr).toContain(`bad.yaml:${line} binds[0].${key}: key ${key} is unknown, or not supported`);
    }
  });

  test("names the variable with an invalid value: 2", async () => {
    const { status, stderr } = await run(["--validate-only"], { OTLP_ENDPOINT: "x" });
    expect(stderr).toMatch(/^gateway cannot start: one setting is wrong\n.*OTLP_ENDPOINT: expected .*\n$/);
    expect(status).toBe(2);
  });
});

test.each([
  ["info", true],
  ["warn", false],
])("at LOG_LEVEL=%s the access log is written: %s", { timeout: 30_000 }, async (LOG_LEVEL, isWritten) => {
  const upstream = await startFakeServer((_, response) => response.end("one"));
  const port = await freePort();
  const child = startChild(process.execPath, [MAIN, "-f", join(FILES, "config-replicas.yaml")], {
    env: { LOG_LEVEL, HOST: "127.0.0.1", REPLICAS_PORT: String(port), REPLICA_1_ADDR: upstream.address },
  });
  try {
    await vi.waitFor(async () => expect((await send({ port })).body).toBe("one"), { timeout: 25_000 });
    child.process.kill("SIGTERM");
    await child.ended;
    expect(/\trequest .*http\.status=200/.test(child.text())).toBe(isWritten);
  } finally {
    child.process.kill("SIGTERM");
    await child.ended;
    await upstream.close();
  }
});

describe("the file changes while it runs", () => {
  test("a typo changes nothing and is reported with its line; the next valid file applies", async () => {
    const one = await startFakeServer((_, response) => response.end("one"));
    const two = await startFakeServer((_, response) => response.end("two"));
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), "gateway-main-"));
    const file = join(folder, "live.yaml");
    const text = (address: string) =>
      `binds:\n- port: ${port}\n  listeners:\n  - name: main\n    routes:\n    - policies: {a2a: {}}\n      backends: [{host: "${address}"}]\n`;
    writeFileSync(file, text(one.address));
    const child = startChild(process.execPath, [MAIN, "-f", file], { env: {} });
    const outputHas = (wanted: RegExp) =>
      vi.waitFor(() => expect(child.text()).toMatch(wanted), { timeout: 8000, interval: 20 });
    const body = async () => (await send({ port })).body;
    try {
      await outputHas(/gateway ready on /);
      expect(await body()).toBe("one");
      writeFileSync(file, text(two.address).replace("a2a", "a2b"));
      await outputHas(/live\.yaml changed but is invalid; the previous configuration remains in use/);
      expect(child.text()).toMatch(
        /live\.yaml:6 binds\[0\]\.listeners\[0\]\.routes\[0\]\.policies\.a2b: key a2b is unknown/,
      );
      expect(await body()).toBe("one");
      rmSync(file);
      await outputHas(/live\.yaml \(root\): cannot be read: ENOENT/);
      expect(child.text()).not.toMatch(/^\s+at /m);
      expect(await body()).toBe("one");
      writeFileSync(file, text(two.address));
      await outputHas(/configuration reloaded from live\.yaml/);
      expect(await body()).toBe("two");
    } finally {
      child.process.kill("SIGTERM");
      await child.ended;
      rmSync(folder, { recursive: true });
      await Promise.all([one.close(), two.close()]);
    }
  });
});
