import { globSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { ServiceDescription } from "../../scripts/demo/describe-stack.ts";
import { freePorts, freeStackPorts } from "../../scripts/demo/free-ports.ts";
import { PORT_VARIABLES, REPOSITORY_ROOT, type StackPorts } from "../../scripts/demo/stack.ts";
import { SupervisedProcess } from "../../scripts/demo/supervised-process.ts";
import { isTaken } from "../../scripts/demo/taken-ports.ts";
import { type Child, isAlive, startChild } from "../support/child.ts";
import { closedConnection } from "../support/time-wait.ts";

const STACK = fileURLToPath(new URL("../support/fixtures/stack-runner.ts", import.meta.url));
const ORPHAN_LIMIT = { timeout: 20_000 };

type Mode = "well" | "slow" | "deaf" | "mute" | "dies-at-start";

const started: Child[] = [];
const servicePids: number[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.process.kill("SIGKILL");
  for (const pid of servicePids.splice(0)) if (isAlive(pid)) process.kill(pid, "SIGKILL");
});

/** Three services, each after the one before it. */
async function describeServices(modes: Readonly<Record<string, Mode>>): Promise<ServiceDescription[]> {
  const ports = await freePorts(Object.keys(modes).length);
  return Object.entries(modes).map(([name, mode], index) => ({
    name,
    args: ["tests/support/fixtures/fake-service.ts"],
    env: { FAKE_NAME: name, FAKE_PORT: String(ports[index]), FAKE_MODE: mode },
    ports: [{ port: ports[index]!, purpose: name, variable: "FAKE_PORT" }],
    healthUrl: `http://127.0.0.1:${ports[index]}/health`,
    after: Object.keys(modes).slice(0, index),
  }));
}

const hosted = async (modes: Readonly<Record<string, Mode>>) =>
  (await describeServices(modes)).map((service) => ({
    ...service,
    hosted: { module: "tests/support/fixtures/hosted-service.ts", argv: ["--of", service.name] },
  }));

function startStack(services: readonly ServiceDescription[], beside: object = {}): Child {
  const child = startChild(process.execPath, [STACK, JSON.stringify(services), JSON.stringify(beside)]);
  started.push(child);
  return child;
}

async function listenOn(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(port, "127.0.0.1", resolve));
  return server;
}

/** The first of `count` neighbouring free ports. */
async function rowOfFreePorts(count: number): Promise<number> {
  for (;;) {
    const [first] = await freePorts(1);
    const row = Array.from({ length: count }, (_, index) => first! + index);
    if (!(await Promise.all(row.map(isTaken))).includes(true)) return first!;
  }
}

async function pidsOf(stack: Child): Promise<number[]> {
  const [, list] = await stack.prints(/ready with pids ([\d ]+) after/);
  const pids = list!.split(" ").map(Number);
  servicePids.push(...pids);
  return pids;
}

function indexesOf(text: string, parts: readonly string[]): number[] {
  return parts.map((part) => text.indexOf(part));
}

describe("a stack that starts", () => {
  test("starts in the order of its dependencies, prefixes aligned and without colour in a pipe", async () => {
    const stack = startStack(await describeServices({ one: "well", second: "well", third: "well" }));
    await pidsOf(stack);
    const order = indexesOf(stack.text(), [
      "one    | one starts",
      "second | second starts",
      "third  | third starts",
    ]);
    expect(order).not.toContain(-1);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(stack.text()).not.toContain("\u001b[");
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "%s stops it in reverse order, exit status 0",
    async (signal) => {
      const stack = startStack(await describeServices({ one: "well", second: "well" }));
      const pids = await pidsOf(stack);
      stack.process.kill(signal);
      expect(await stack.ended).toEqual({ status: 0, signal: null });
      expect(pids.filter(isAlive)).toEqual([]);
      const [second, one] = indexesOf(stack.text(), ["second closes", "one closes"]);
      expect(second).toBeGreaterThan(-1);
      expect(one).toBeGreaterThan(second!);
    },
  );

  test("the same signal twice at once, as from a terminal and the bootstrap, is one request to stop", async () => {
    const stack = startStack(await describeServices({ one: "well", second: "well" }));
    await pidsOf(stack);
    stack.process.kill("SIGINT");
    await stack.prints(/Stopping/);
    stack.process.kill("SIGINT");
    expect((await stack.ended).status).toBe(0);
    expect(stack.text()).not.toContain("by force");
    expect(stack.text()).toContain("one closes");
  });

  test("a signal before everything is ready leaves no process", async () => {
    const services = await describeServices({ one: "well", second: "mute" });
    const stack = startStack(services);
    await stack.prints(/one ready on/);
    stack.process.kill("SIGTERM");
    expect((await stack.ended).status).toBe(0);
    expect(stack.text()).toContain("Stopped before everything was ready.");
    await vi.waitFor(async () => {
      for (const { healthUrl } of services) await expect(fetch(healthUrl)).rejects.toThrow();
    });
  });
});

describe("no orphan", () => {
  test("after SIGKILL of the runner", async () => {
    const stack = startStack(await describeServices({ one: "well", second: "well" }));
    const pids = await pidsOf(stack);
    expect(pids.filter(isAlive)).toEqual(pids);
    stack.process.kill("SIGKILL");
    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), ORPHAN_LIMIT);
  });

  test("after the runner's own parent is gone", async () => {
    const services = JSON.stringify(await describeServices({ one: "well" }));
    const script = 'AGENT_KIT_PARENT_PID=$$ "$0" "$1" "$2" & wait';
    const shell = startChild("sh", ["-c", script, process.execPath, STACK, services]);
    started.push(shell);
    const pids = await pidsOf(shell);
    shell.process.kill("SIGKILL");
    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), ORPHAN_LIMIT);
    await shell.prints(/Stopped\./);
  });
});

describe("failures of a start", () => {
  test("taken ports are all named, with their services, and nothing is started", async () => {
    const services = await describeServices({ one: "well", second: "well", third: "well" });
    const listeners = await Promise.all(
      [services[0]!, services[2]!].map(async ({ ports }) => {
        const server = createServer();
        await new Promise<void>((resolve) => server.listen(ports[0]!.port, "127.0.0.1", resolve));
        return server;
      }),
    );
    const stack = startStack(services);
    expect((await stack.ended).status).toBe(1);
    for (const server of listeners) server.close();
    expect(stack.text()).toContain("2 ports are taken");
    expect(stack.text()).toMatch(new RegExp(`${services[0]!.ports[0]!.port} +needed by one`));
    expect(stack.text()).toMatch(new RegExp(`${services[2]!.ports[0]!.port} +needed by third`));
    expect(stack.text()).not.toContain("starts");
  });

  test("proposed ports are free, no other part's, and proposed once", async () => {
    const first = await rowOfFreePorts(4);
    // The first two ports are taken and the third is another part's, so the proposals are the
    // fourth and the one after it.
    const [server, other] = [await listenOn(first), await listenOn(first + 1)];
    const services = (await describeServices({ one: "well", second: "well", third: "well" })).map(
      (service, index) => ({
        ...service,
        ports: [{ port: first + index, purpose: service.name, variable: `PORT_OF_${index}` }],
      }),
    );
    const stack = startStack(services);
    expect((await stack.ended).status).toBe(1);
    for (const listener of [server, other]) listener.close();
    const proposals = [...stack.text().matchAll(/another port: PORT_OF_\d=(\d+)/g)].map(([, port]) =>
      Number(port),
    );
    expect(proposals[0]).toBeGreaterThanOrEqual(first + 3);
    expect(proposals[1]).toBeGreaterThan(proposals[0]!);
    expect(proposals).toHaveLength(2);
  });

  test("where a demo runs already, that is said instead of its ports", async () => {
    const names = Object.keys(PORT_VARIABLES) as (keyof StackPorts)[];
    const free = await freePorts(names.length);
    const ports = Object.fromEntries(names.map((name, index) => [name, free[index]!])) as Record<
      string,
      number
    >;
    const env = Object.fromEntries(names.map((name) => [PORT_VARIABLES[name], String(ports[name])]));
    const page = createHttpServer((_, response) =>
      response.end(JSON.stringify({ backendUrl: `http://localhost:${ports.backend}` })),
    );
    await new Promise<void>((resolve) => void page.listen(ports.ui, "127.0.0.1", resolve));
    const demo = startChild(process.execPath, [`${REPOSITORY_ROOT}scripts/demo/main.ts`], {
      env: { PATH: process.env.PATH, ...env },
    });
    started.push(demo);
    expect((await demo.ended).status).toBe(1);
    page.close();
    expect(demo.text()).toContain(
      `The demo is already running: open http://localhost:${ports.ui}, or end it`,
    );
    expect(demo.text()).not.toContain("needed by");
  });

  test.runIf(process.platform === "linux")("waits for a port in TIME-WAIT", async () => {
    const { port } = await closedConnection("both");
    const [service] = await describeServices({ one: "well" });
    const stack = startStack([{ ...service!, ports: [{ ...service!.ports[0]!, port }] }]);
    await stack.prints(new RegExp(`one.* port ${port} is in TIME-WAIT: .*; waiting\n`));
    stack.process.kill("SIGINT");
    expect(await stack.ended).toEqual({ status: 0, signal: null });
    expect(stack.text()).not.toMatch(/one starts|another process/);
  });

  test.runIf(process.platform === "linux")("starts once a closed connection leaves the port", async () => {
    const { port, reset } = await closedConnection("one");
    const [service] = await describeServices({ one: "well" });
    const stack = startStack([{ ...service!, ports: [{ ...service!.ports[0]!, port }] }]);
    await stack.prints(/; waiting\n/);
    reset();
    await pidsOf(stack);
  });

  test("a port taken on the IPv6 loopback is reported, because a browser would find it", async (context) => {
    const services = await describeServices({ one: "well" });
    const server = createServer();
    const bound = await new Promise((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(services[0]!.ports[0]!.port, "::1", () => resolve(true));
    });
    if (!bound) context.skip("no IPv6 loopback here");
    const stack = startStack(services);
    expect((await stack.ended).status).toBe(1);
    server.close();
    expect(stack.text()).toContain("A port is taken");
  });

  test("a service that dies at its start: name, exit code, last 15 lines; the rest is stopped", async () => {
    const stack = startStack(await describeServices({ one: "well", second: "dies-at-start", third: "well" }));
    expect((await stack.ended).status).toBe(1);
    const report = stack.text().slice(stack.text().indexOf("second stopped by itself with exit code 3"));
    expect(report).toContain("the reason");
    expect(report).toContain("line 20");
    expect(report).not.toMatch(/line [1-5]$/m);
    expect(stack.text()).toContain("one closes");
    expect(stack.text()).not.toContain("third starts");
  });

  test("a service that dies later is reported and started again; a stop ends it in its pause, too", async () => {
    const services = await describeServices({ one: "well", second: "well" });
    const stack = startStack(services);
    const [one, second] = await pidsOf(stack);
    process.kill(second!, "SIGKILL");
    await stack.prints(/^second \| second was ended by SIGKILL\. It is started again in 0\.5 s\.$/m);
    await stack.prints(/^second \| second is back\.$/m);
    expect((await fetch(services[1]!.healthUrl)).ok).toBe(true);
    expect(isAlive(one!)).toBe(true);
    await fetch(services[1]!.healthUrl.replace("/health", "/die")).catch(() => {});
    await stack.prints(
      /^second \| second stopped by itself with exit code 7\. It is started again in 1 s\.$/m,
    );
    stack.process.kill("SIGTERM");
    expect((await stack.ended).status).toBe(0);
    expect(stack.text()).toContain("one closes");
    expect(stack.text().match(/second starts/g)).toHaveLength(2);
  });
});

describe("a process that dies again and again", () => {
  const supervise = async (script: string) => {
    const [description] = await describeServices({ only: "well" });
    const lines: string[] = [];
    const running = new SupervisedProcess(
      { ...description!, args: ["-e", script] },
      {
        baseEnv: process.env,
        onLine: (line) => lines.push(line),
        readyLimitMs: 20_000,
        firstPauseMs: 1,
      },
    );
    const announced = () => lines.filter((line) => line.includes("again"));
    return { running, announced, isUp: () => fetch(description!.healthUrl) };
  };
  const SERVES = 'require("http").createServer((_, r) => r.end()).listen(process.env.FAKE_PORT, "127.0.0.1")';

  test("is given up after the fifth death within a minute, each pause twice the one before", async () => {
    const { running, announced, isUp } = await supervise(SERVES);
    expect(await running.isReady(AbortSignal.timeout(20_000))).toBe(true);
    for (let death = 1; death <= 5; death++) {
      await vi.waitFor(isUp, { timeout: 20_000 });
      process.kill(running.pid!, "SIGKILL");
      if (death < 5) await vi.waitFor(() => expect(announced()).toHaveLength(death), { timeout: 20_000 });
    }
    expect(await running.ended).toBe("was ended by SIGKILL, after 5 starts within a minute");
    expect(announced().map((line) => / in (\S+) s/.exec(line)?.[1])).toEqual([
      "0.001",
      "0.002",
      "0.004",
      "0.008",
    ]);
    expect(await running.stop(1000)).toBe(false);
  });

  test("is not started again when it never was ready", async () => {
    const { running, announced } = await supervise("process.exit(3)");
    expect(await running.isReady(AbortSignal.timeout(20_000))).toBe(false);
    expect(await running.ended).toBe("stopped by itself with exit code 3");
    expect(announced()).toEqual([]);
  });
});

describe.each([
  ["a process of its own", describeServices],
  ["hosted", hosted],
] as const)("a service that does not stop, as %s", (_kind, describeAll) => {
  test("is ended by force and named, and the others close", async () => {
    const stack = startStack(await describeAll({ one: "well", second: "deaf" }));
    const pids = await pidsOf(stack);
    stack.process.kill("SIGTERM");
    expect((await stack.ended).status).toBe(0);
    expect(stack.text()).toContain("Ended by force: second.");
    expect(stack.text()).toContain("one closes");
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test("is not waited for after a second signal", async () => {
    const stack = startStack(await describeAll({ only: "deaf" }));
    const pids = await pidsOf(stack);
    stack.process.kill("SIGINT");
    await stack.prints(/heard SIGTERM|only closes/);
    await pause(600);
    const askedAt = performance.now();
    stack.process.kill("SIGINT");
    await stack.ended;
    expect(performance.now() - askedAt).toBeLessThan(3000);
    expect(pids.filter(isAlive)).toEqual([]);
  });
});

describe("services in the runner's own process", () => {
  test("each has its variables, arguments and prefix, and closes in reverse order", async () => {
    const stack = startStack(await hosted({ one: "well", second: "well" }));
    const pids = await pidsOf(stack);
    expect(new Set(pids)).toEqual(new Set([stack.pid]));
    expect(stack.text()).toContain("one    | one starts with --of one");
    expect(stack.text()).toContain("second | second starts with --of second");
    expect(stack.text()).toMatch(/^second \| second ready on http:/m);
    stack.process.kill("SIGTERM");
    expect(await stack.ended).toEqual({ status: 0, signal: null });
    const [second, one] = indexesOf(stack.text(), ["second | second closes", "one    | one closes"]);
    expect(second).toBeGreaterThan(-1);
    expect(one).toBeGreaterThan(second!);
  });

  test("one that fails at its start: name and redacted reason; the rest is stopped", async () => {
    const stack = startStack(await hosted({ one: "well", second: "dies-at-start", third: "well" }));
    expect((await stack.ended).status).toBe(1);
    const report = stack.text().slice(stack.text().indexOf("\nsecond could not be started"));
    expect(report).toContain("second cannot start: Error: the reason");
    expect(stack.text()).not.toContain("abcdefghijklmnop");
    expect(stack.text()).toContain("one closes");
    expect(stack.text()).not.toContain("third starts");
  });

  test("none starts after another has failed, and what is still starting is closed", async () => {
    const [one, second, third] = await hosted({ one: "slow", second: "dies-at-start", third: "well" });
    const stack = startStack([one!, { ...second!, after: [] }, { ...third!, after: ["one"] }]);
    expect((await stack.ended).status).toBe(1);
    expect(stack.text()).toContain("one closes");
    expect(stack.text()).not.toContain("third starts");
  });

  test.each(["throw", "reject"])(
    "an uncaught error ends the stack with its service's name: %s",
    async (how) => {
      const services = await hosted({ one: "well", second: "slow", third: "well" });
      const stack = startStack(services);
      await pidsOf(stack);
      await fetch(services[1]!.healthUrl.replace("health", how));
      expect((await stack.ended).status).toBe(1);
      expect(stack.text()).toMatch(
        /^second stopped by an unexpected error\. Its last lines:\n[\s\S]*out of order/m,
      );
      for (const name of ["one", "second", "third"]) expect(stack.text()).toContain(`${name} closes`);
    },
  );

  describe("beside a mode", () => {
    const startBesideMode = async () => {
      const services = await hosted({ only: "well" });
      const ports = await freeStackPorts();
      onTestFinished(() => {
        for (const folder of globSync(`${REPOSITORY_ROOT}.{data,keys}/*-${ports.backend}`))
          rmSync(folder, { recursive: true });
      });
      const stack = startStack(services, { "signature-only": ports });
      await pidsOf(stack);
      return { stack, only: services[0]!, ports };
    };

    test("the mode stops with them", async () => {
      const { stack, ports } = await startBesideMode();
      stack.process.kill("SIGTERM");
      expect(await stack.ended).toEqual({ status: 0, signal: null });
      expect(stack.text()).toMatch(/^signature-only has stopped\.$[\s\S]*^Stopped\.$/m);
      expect(await isTaken(ports.backend)).toBe(false);
    });

    test("one that throws leaves the mode running, until Ctrl-C", async () => {
      const { stack, only, ports } = await startBesideMode();
      await fetch(only.healthUrl.replace("health", "throw"));
      await stack.prints(/^only stopped by an unexpected error\.[\s\S]*^Still running: signature-only\./m);
      expect((await fetch(`http://127.0.0.1:${ports.backend}/health`)).ok).toBe(true);
      stack.process.kill("SIGINT");
      expect(await stack.ended).toEqual({ status: 1, signal: null });
      expect(stack.text()).toContain("signature-only has stopped.");
    });
  });

  test("beside a separate process, which ends with the runner", async () => {
    const [one, ...others] = await describeServices({ one: "well", second: "well" });
    const [, second] = await hosted({ one: "well", second: "well" });
    const stack = startStack([one!, { ...second!, ports: others[0]!.ports, env: others[0]!.env }]);
    const pids = await pidsOf(stack);
    expect(pids[1]).toBe(stack.pid);
    stack.process.kill("SIGKILL");
    await vi.waitFor(() => expect(isAlive(pids[0]!)).toBe(false), ORPHAN_LIMIT);
  });
});
