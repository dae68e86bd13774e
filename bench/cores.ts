/**
 * What is measured has one core and what loads it another; otherwise a ratio also contains how
 * often the system has moved a thread. Without two cores and `taskset` everything runs where the
 * system puts it.
 *
 * @module
 */

import { spawnSync } from "node:child_process";

export type Core = "measured" | "load";

const NUMBERS: Record<Core, string> = { measured: "0", load: "1" };

const HAS_CORES = Object.values(NUMBERS).every(
  (number) => spawnSync("taskset", ["-c", number, "true"]).status === 0,
);

/** The same program, on this core with all its threads and what it starts. */
export function onCore(core: Core, program: string, args: readonly string[]): [string, string[]] {
  if (!HAS_CORES) return [program, [...args]];
  return ["taskset", ["-c", NUMBERS[core], program, ...args]];
}

/** Puts this process, and what it starts from now on, on a core. */
export function stayOn(core: Core): void {
  if (HAS_CORES) spawnSync("taskset", ["-a", "-p", "-c", NUMBERS[core], String(process.pid)]);
}

/** A sentence for the figures. */
export function coresLine(): string {
  return HAS_CORES
    ? "What is measured runs on one core, the load and the origin on another."
    : "There are not two cores and taskset: everything runs where the system puts it.";
}
