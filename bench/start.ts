/**
 * How long a newcomer waits: from `npm run demo`, with the dependencies installed, until it says that everything is ready; and the
 * memory that the services then hold. The demo runs as it is, but on free ports.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { DEMO_PORTS, PORT_VARIABLES, REPOSITORY_ROOT, type StackPorts } from "../scripts/demo/stack.ts";
import { freePorts } from "../tests/support/free-ports.ts";
import { quantile } from "./measure.ts";
import { printRows, publishRows, rowsOf } from "./rows.ts";

const STARTS = 3;
const START_LIMIT_MS = 60_000;
const READY = /^Ready in /m;
/** The runner's `--stats` prints it after the ready line, and a line for each process below it. */
const MEMORY = /^stack memory: (\d+) MiB in (\d+) processes\n((?: {2}.*\n)+)/m;

interface Start {
  readonly readySeconds: number;
  readonly memoryMib: number;
  readonly processes: number;
  /** A line for each process. */
  readonly details: string;
}

async function startOnce(): Promise<Start> {
  const keys = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  const free = await freePorts(keys.length);
  const ports = Object.fromEntries(keys.map((key, index) => [PORT_VARIABLES[key], String(free[index])]));
  const startedAt = performance.now();
  const demo = spawn("npm", ["run", "demo", "--", "--stats"], {
    cwd: REPOSITORY_ROOT,
    env: { ...process.env, ...ports },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let readySeconds = Number.NaN;
  const stop = () => void demo.kill("SIGTERM");
  const limit = setTimeout(stop, START_LIMIT_MS);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  for (const stream of [demo.stdout, demo.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (Number.isNaN(readySeconds) && READY.test(output))
        readySeconds = (performance.now() - startedAt) / 1000;
      if (MEMORY.test(output)) stop();
    });
  }
  // The pipes close when the last service is gone, which may be a moment after npm.
  await new Promise((resolve, reject) => {
    demo.once("error", reject);
    demo.once("close", resolve);
  });
  clearTimeout(limit);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, stop);
  const [, memory, processes, details] = MEMORY.exec(output) ?? [];
  if (details === undefined) throw new Error(`the demo did not start:\n${output}`);
  return { readySeconds, memoryMib: Number(memory), processes: Number(processes), details };
}

const starts: Start[] = [];
for (let count = 0; count < STARTS; count++) starts.push(await startOnce());
const median = (of: (start: Start) => number) => quantile(starts.map(of), 0.5);
const last = starts.at(-1)!;
console.log(`npm run demo, ${STARTS} starts, median; resident memory of each process after the last:`);
console.log(last.details.trimEnd());
const rows = rowsOf([
  {
    what: "`npm run demo` (installed) until everything is ready",
    value: median((start) => start.readySeconds),
    unit: "s",
  },
  {
    what: `resident memory of its ${last.processes} processes, shared pages counted in each`,
    value: median((start) => start.memoryMib),
    unit: "MiB",
  },
]);
printRows(rows);
publishRows(rows);
