import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test, vi } from "vitest";
import { spawnGuarded } from "../../../../../scripts/spawn-guarded.ts";
import { closedConnection } from "../../../../../tests/support/time-wait.ts";
import { PARENT_PID_VARIABLE, watchParent } from "../../../src/service/index.ts";

const FIXTURE = fileURLToPath(new URL("fixtures/tiny-service.ts", import.meta.url));
const PARENT = fileURLToPath(new URL("fixtures/parent.mjs", import.meta.url));

/** A dozen processes start at once, on a busy machine. */
const PATIENT = { timeout: 30_000 };

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

function start(argv: string[] = [], env: NodeJS.ProcessEnv = {}) {
  const child = spawnGuarded(process.execPath, [FIXTURE, ...argv], {
    env: { PATH: process.env.PATH, ...env },
  });
  children.push(child);
  const output = { stdout: "", stderr: "" };
  child.stdout!.on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr!.on("data", (chunk) => {
    output.stderr += chunk;
  });
  const ended = once(child, "close").then(([code]) => ({ code: code as number, ...output }));
  const ready = new Promise<string>((resolve, reject) => {
    const look = () => {
      const url = /^tiny ready on (\S+)$/m.exec(output.stdout)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout!.on("data", look);
    void ended.then(({ stderr }) => reject(new Error(`ended before it was ready: ${stderr}`)));
  });
  ready.catch(() => {});
  return { child, ready, ended, output };
}

describe.concurrent("stop", PATIENT, () => {
  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s closes and exits 0", async (signal) => {
    const { child, ready, ended } = start();
    expect(await (await fetch(`${await ready}/health`)).json()).toEqual({
      status: "healthy",
      service: "tiny",
    });
    child.kill(signal);
    expect(await ended).toMatchObject({ code: 0, stderr: "" });
  });

  test("a second signal ends a service that cannot close", async () => {
    const { child, ready, ended } = start([], { STUCK: "1" });
    await ready;
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGTERM"), 800);
    expect(await ended).toMatchObject({ code: 1, stderr: "" });
  });

  test("the same signal twice at once, as from a terminal and a runner, is one request to stop", async () => {
    const { child, ready, ended } = start(["--close-ms", "100"]);
    await ready;
    child.kill("SIGINT");
    setTimeout(() => child.kill("SIGINT"), 20);
    expect((await ended).code).toBe(0);
  });

  test("a service that cannot close is ended after the limit", async () => {
    const { child, ready, ended } = start([], { STUCK: "1" });
    await ready;
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({
      code: 1,
      stderr: "tiny did not stop within 3000 ms and was ended\n",
    });
  });

  test("the death of the parent named in the environment ends it, even when it was killed", async () => {
    const parent = spawnGuarded(process.execPath, [PARENT, FIXTURE], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(parent);
    let text = "";
    for await (const chunk of parent.stdout!) {
      text += chunk;
      if (/ready on/.test(text)) break;
    }
    const pid = Number(/^pid (\d+)$/m.exec(text)?.[1]);
    expect(isAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 20_000 });
  });

  test("the variable is not handed on to the children", () => {
    const env = { [PARENT_PID_VARIABLE]: String(process.ppid), OTHER: "1" };
    watchParent(() => {}, env);
    expect(env).toEqual({ OTHER: "1" });
  });
});

describe.concurrent("failed start", PATIENT, () => {
  test("wrong configuration: every problem on standard error, status 2", async () => {
    const { ended } = start(["--prot", "1"], { PORT: "x" });
    const { code, stderr, stdout } = await ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/--prot: .*\n {2}PORT: /);
    expect(stderr).not.toContain("    at ");
    expect(stdout).toBe("");
  });

  test("--help writes to standard output, status 0", async () => {
    const { code, stdout, stderr } = await start(["--help"]).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("TCP port to listen on");
  });

  test("an address of another machine is one line with the address", async () => {
    const { code, stderr } = await start([], { HOST: "192.0.2.1" }).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^tiny cannot start: listen EADDRNOTAVAIL: .* 192\.0\.2\.1.*\n$/);
  });

  test("a taken port is one line with the port", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await start(["--port", String(port)]).ended;
    server.close();
    expect(code).toBe(1);
    expect(stderr).toBe(`tiny cannot start: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`);
  });

  test.runIf(process.platform === "linux")("waits for a port in TIME-WAIT, and says so", async () => {
    const { port, reset } = await closedConnection("one");
    const { child, ready, output } = start(["--port", String(port)]);
    await vi.waitFor(() => expect(output.stdout).toMatch(`port ${port} is in TIME-WAIT: `), PATIENT);
    reset();
    await ready;
    child.kill();
  });

  test("an uncaught error later: redacted, status 1", async () => {
    const { code, stderr } = await start([], { CRASH: "1" }).ended;
    expect(code).toBe(1);
    expect(stderr).toContain("tiny stopped by an unexpected error");
    expect(stderr).not.toContain("abcdefghijklmnop");
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
