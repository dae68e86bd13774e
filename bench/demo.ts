import { spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import {
  DEMO_PORTS,
  PORT_VARIABLES,
  type StackPorts,
  type StackUrls,
  stackUrls,
} from "../scripts/demo/stack.ts";
import { freePorts } from "../tests/support/free-ports.ts";

const START_LIMIT_MS = 60_000;

/** `npm run demo` of a checkout. */
export interface RunningDemo {
  readonly pid: number;
  readonly urls: StackUrls;
  readonly readySeconds: number;
  stop(): Promise<void>;
}

/**
 * Starts the demo of the current folder on free ports. Resolves when it is ready.
 *
 * @throws Error with its output when it does not start
 */
export async function startDemo(env: Readonly<Record<string, string>> = {}): Promise<RunningDemo> {
  const keys = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  const free = await freePorts(keys.length);
  const ports = Object.fromEntries(keys.map((key, index) => [key, free[index]])) as unknown as StackPorts;
  const variables = Object.fromEntries(keys.map((key) => [PORT_VARIABLES[key], String(ports[key])]));
  const startedAt = performance.now();
  const demo = spawn("npm", ["run", "demo"], {
    env: { ...process.env, ...variables, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = new Promise((resolve) => demo.once("close", resolve));
  const stop = async () => {
    demo.kill("SIGTERM");
    await closed;
  };
  let output = "";
  const ready = new Promise<void>((resolve) => {
    for (const stream of [demo.stdout, demo.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (/^Ready in /m.test(output)) resolve();
      });
    }
  });
  const failed = Promise.race([closed, pause(START_LIMIT_MS, undefined, { ref: false })]).then(() => {
    throw new Error(`the demo did not start:\n${output}`);
  });
  try {
    await Promise.race([ready, failed]);
  } catch (error) {
    await stop();
    throw error;
  }
  failed.catch(() => {});
  const readySeconds = (performance.now() - startedAt) / 1000;
  return { pid: demo.pid!, urls: stackUrls(ports), readySeconds, stop };
}
