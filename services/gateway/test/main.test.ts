import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { startChild } from "../../../tests/support/child.ts";
import { freePort } from "../../../tests/support/free-ports.ts";
import { startFakeServer } from "./support/fake-agent.ts";
import { send } from "./support/http-client.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const FILES = fileURLToPath(new URL("../../../agentgateway/", import.meta.url));

async function run(
  ...given: string[] | [{ args: string[]; env: Record<string, string> }]
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const [first] = given;
  const { args, env } = typeof first === "object" ? first : { args: given as string[], env: {} };
  const gateway = startChild(process.execPath, [MAIN, ...args], { env });
  const { status } = await gateway.ended;
  return { status, stdout: gateway.stdout(), stderr: gateway.stderr() };
}

describe("the command line", () => {
  test("--validate-only says yes and opens nothing", async () => {
    expect(await run("-f", join(FILES, "config-policy.yaml"), "--validate-only")).toMatchObject({
      status: 0,
      stdout: "Configuration is valid!\n",
    });
  });

  test.each([["--validate-only"], []])("a bad file ends it with every problem, %s", async (...flags) => {
    const folder = mkdtempSync(join(tmpdir(), "gateway-main-"));
    const file = join(folder, "bad.yaml");
    writeFileSync(file, "binds:\n- port: 3000\n  aauth: {}\n  mode: x\n  listeners: [{routes: []}]\n");
    const { status, stderr } = await run("-f", file, ...flags);
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

  test("a file that is not there", async () => {
    const { status, stderr } = await run("-f", "/nowhere/config.yaml");
    expect(status).toBe(1);
    expect(stderr).toContain("config.yaml (root): cannot be read: ENOENT");
  });

  test("a flag that is not there is no matter of the file: 2", async () => {
    expect((await run("--nonsense", "--validate-only")).status).toBe(2);
  });

  test.each([
    [{ OTLP_ENDPOINT: "x" }, "OTLP_ENDPOINT: expected an http or https URL"],
    [
      { GATEWAY_IDLE_TIMEOUT_MS: "2147483648" },
      "GATEWAY_IDLE_TIMEOUT_MS: expected a whole number from 100 to 2147483647",
    ],
    [
      { GATEWAY_MAX_BODY_BYTES: "4097", GATEWAY_MAX_HELD_BODY_BYTES: "8192" },
      "GATEWAY_MAX_HELD_BODY_BYTES: expected at least twice GATEWAY_MAX_BODY_BYTES, which is 4097, got 8192",
    ],
  ])("what is wrong in a variable is named by it: %j", async (env, problem) => {
    const { status, stderr } = await run({ args: ["--validate-only"], env });
    expect(stderr).toMatch(/^gateway cannot start: one setting is wrong\n.*\n$/);
    expect(stderr).toContain(problem);
    expect(status).toBe(2);
  });

  test("a file and inline text are one too many, as for Agentgateway", async () => {
    const { status, stderr } = await run("-f", join(FILES, "config-policy.yaml"), "-c", "binds: []");
    expect(stderr).toContain("--config: only one of --config and --file");
    expect(status).toBe(2);
  });

  test("inline text", async () => {
    const { status, stderr } = await run("-c", "binds: []", "--validate-only");
    expect(stderr).toContain("inline:1 binds: there is nothing to listen on");
    expect(status).toBe(1);
  });
});

describe("the file changes while it runs", () => {
  test("a typo changes nothing and is named with its line; the next good file counts", async () => {
    const one = await startFakeServer((_, response) => response.end("one"));
    const two = await startFakeServer((_, response) => response.end("two"));
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), "gateway-main-"));
    const file = join(folder, "live.yaml");
    const text = (address: string) =>
      `binds:\n- port: ${port}\n  listeners:\n  - routes:\n    - policies: {a2a: {}}\n      backends: [{host: "${address}"}]\n`;
    writeFileSync(file, text(one.address));
    const child = startChild(process.execPath, [MAIN, "-f", file], { env: {} });
    const outputHas = (wanted: RegExp) =>
      vi.waitFor(() => expect(child.text()).toMatch(wanted), { timeout: 8000, interval: 20 });
    const body = async () => (await send({ port })).body;
    try {
      await outputHas(/gateway ready on /);
      expect(await body()).toBe("one");
      writeFileSync(file, text(two.address).replace("a2a", "a2b"));
      await outputHas(/live\.yaml changed and cannot be used; the old configuration stays/);
      expect(child.text()).toMatch(
        /live\.yaml:5 binds\[0\]\.listeners\[0\]\.routes\[0\]\.policies\.a2b: key a2b is unknown/,
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
