import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const FILES = fileURLToPath(new URL("../../../agentgateway/", import.meta.url));

function run(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env: {} }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
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
    expect(status).toBe(2);
    expect(stderr).toContain("bad.yaml:3 binds[0].aauth: unknown key aauth: Agentgateway refuses it too");
    expect(stderr).toContain(
      "bad.yaml:4 binds[0].mode: key mode: supported by Agentgateway, not by the embedded gateway",
    );
  });

  test("a file that is not there", async () => {
    const { status, stderr } = await run("-f", "/nowhere/config.yaml");
    expect(status).toBe(2);
    expect(stderr).toContain("cannot read /nowhere/config.yaml: ENOENT");
  });

  test("inline text", async () => {
    expect((await run("-c", "binds: []", "--validate-only")).stderr).toContain(
      "inline:1 binds: there is nothing to listen on",
    );
  });
});
