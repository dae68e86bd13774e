/**
 * Puts the measured program on one core and its load on another. Otherwise a ratio would also
 * contain the cost of moving threads between cores. Without two cores and `taskset` the system
 * places everything.
 *
 * @module
 */

import { spawnSync } from "node:child_process";

export type Core = "measured" | "load";

const NUMBERS: Record<Core, string> = { measured: "0", load: "1" };

const HAS_CORES = Object.values(NUMBERS).every(
  (number) => spawnSync("taskset", ["-c", number, "true"]).status === 0,
);

/** The command that runs a program, with its threads and child processes, on this core. */
export function onCore(core: Core, program: string, args: readonly string[]): [string, string[]] {
  if (!HAS_CORES) return [program, [...args]];
  return ["taskset", ["-c", NUMBERS[core], program, ...args]];
}

/** Moves this process, with everything it starts from now on, to a core. */
export function stayOn(core: Core): void {
  if (HAS_CORES) spawnSync("taskset", ["-a", "-p", "-c", NUMBERS[core], String(process.pid)]);
}

/** A sentence for the figures. */
export function coresLine(): string {
  return HAS_CORES
    ? "What is measured runs on one core, the load and the origin on another."
    : "There are not two cores and taskset: everything runs where the system puts it.";
}
