/**
 * `npm run demo` in the current folder, on free ports: the time until it is ready, the memory it then holds, and what is installed for it.
 *
 * @module
 */

import { execFileSync, spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { PORT_VARIABLES } from "../scripts/demo/stack.ts";
import { freePorts } from "../tests/support/free-ports.ts";
import { quantile } from "./measure.ts";
import { useBelow } from "./processes.ts";
import { printRows, publishRows, rowsOf } from "./rows.ts";

const STARTS = 3;
const START_LIMIT_MS = 60_000;
const SETTLING_MS = 1_000;

interface Start {
  readonly readySeconds: number;
  readonly memoryMib: number;
}

async function startOnce(): Promise<Start> {
  const variables = Object.values(PORT_VARIABLES);
  const free = await freePorts(variables.length);
  const ports = Object.fromEntries(variables.map((name, index) => [name, String(free[index])]));
  const startedAt = performance.now();
  const demo = spawn("npm", ["run", "demo"], {
    env: { ...process.env, ...ports },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = new Promise((resolve) => demo.once("close", resolve));
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
  failed.catch(() => {});
  try {
    await Promise.race([ready, failed]);
    const readySeconds = (performance.now() - startedAt) / 1000;
    await pause(SETTLING_MS);
    return { readySeconds, memoryMib: useBelow(demo.pid!).memoryMib };
  } finally {
    demo.kill("SIGTERM");
    await closed;
  }
}

const installedKib = Number(execFileSync("du", ["-sk", "node_modules"], { encoding: "utf8" }).split("\t")[0]);
const starts: Start[] = [];
for (let count = 0; count < STARTS; count++) starts.push(await startOnce());
const median = (of: (start: Start) => number) => quantile(starts.map(of), 0.5);
const rows = rowsOf([
  {
    what: "`npm run demo` (installed) until everything is ready",
    value: median(({ readySeconds }) => readySeconds),
    unit: "s",
  },
  {
    what: "resident memory of the demo's processes, shared pages counted in each",
    value: median(({ memoryMib }) => memoryMib),
    unit: "MiB",
  },
  { what: "size of `node_modules`", value: installedKib / 1024, unit: "MiB" },
]);
console.log(`Median of ${STARTS} starts:`);
printRows(rows);
publishRows(rows);
