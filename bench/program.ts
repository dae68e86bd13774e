import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isTaken } from "../scripts/demo/taken-ports.ts";
import { spawnGuarded } from "../scripts/spawn-guarded.ts";
import { type Core, onCore } from "./cores.ts";

const READY_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 5_000;

/** A program that listens on a port, as a separate process. It is killed when this process ends. */
export interface Program {
  readonly pid: number;
  /** Processor time so far of its threads and of its children; `NaN` without /proc. */
  cpuUs(): number;
  stop(): Promise<void>;
}

/**
 * Resolves when `port` accepts connections.
 *
 * @param program a script of this repository
 * @param options.output file for its standard output; unset discards it
 * @param options.core unset: where this process runs
 */
export async function startProgram(
  program: URL,
  options: {
    port: number;
    args?: readonly string[];
    env?: Readonly<Record<string, string>>;
    output?: string;
    core?: Core;
  },
): Promise<Program> {
  const { port, args = [], core } = options;
  const script = [fileURLToPath(program), ...args];
  const [executable, words] =
    core === undefined ? [process.execPath, script] : onCore(core, process.execPath, script);
  const output = options.output === undefined ? "ignore" : openSync(options.output, "w");
  const child = spawnGuarded(executable, words, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
    stdio: ["ignore", output, "inherit"],
  });
  if (typeof output === "number") closeSync(output);
  const pid = child.pid!;
  const stop = () => stopChild(child);
  try {
    await portOpens(port, child);
  } catch (error) {
    await stop();
    throw new Error(`${program} did not start`, { cause: error });
  }
  return { pid, cpuUs: () => cpuUsOf(pid), stop };
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const limit = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
  await ended;
  clearTimeout(limit);
}

async function portOpens(port: number, child: ChildProcess): Promise<void> {
  const end = performance.now() + READY_LIMIT_MS;
  while (!(await isTaken(port))) {
    if (child.exitCode !== null || performance.now() > end) throw new Error(`port ${port} did not open`);
    await pause(50);
  }
}

function cpuUsOf(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return Number.NaN;
  let us = 0;
  for (const task of readdirSync(tasks)) {
    us += Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ")[0]) / 1000;
    const children = readFileSync(`${tasks}/${task}/children`, "utf8").match(/\d+/g) ?? [];
    for (const child of children) us += cpuUsOf(Number(child));
  }
  return us;
}
