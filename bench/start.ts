/**
 * `npm run demo` in the current folder: the time until it is ready, the memory it then holds, and what is installed for it.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { startDemo } from "./demo.ts";
import { quantile } from "./measure.ts";
import { useBelow } from "./processes.ts";
import { printRows, publishRows, rowsOf } from "./rows.ts";

const STARTS = 3;
const SETTLING_MS = 1_000;

async function startOnce() {
  const demo = await startDemo();
  try {
    await pause(SETTLING_MS);
    return { readySeconds: demo.readySeconds, memoryMib: useBelow(demo.pid).memoryMib };
  } finally {
    await demo.stop();
  }
}

const starts: Awaited<ReturnType<typeof startOnce>>[] = [];
for (let count = 0; count < STARTS; count++) starts.push(await startOnce());
const median = (of: (start: (typeof starts)[number]) => number) => quantile(starts.map(of), 0.5);
const installed = execFileSync("du", ["-sk", "node_modules"], { encoding: "utf8" });
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
  { what: "size of `node_modules`", value: Number.parseInt(installed, 10) / 1024, unit: "MiB" },
]);
console.log(`Median of ${STARTS} starts:`);
printRows(rows);
publishRows(rows);
