/**
 * What is measured has one core and what loads it another, as the targets were set: otherwise a ratio also says how often the system has
 * moved a thread. Where there are not two, or no `taskset`, everything runs where the system puts it.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export type Core = "measured" | "load";

const NUMBERS: Record<Core, string> = { measured: "0", load: "1" };

/** Whether both cores can be had here. */
export const HAS_CORES = Object.values(NUMBERS).every(
  (number) => spawnSync("taskset", ["-c", number, "true"]).status === 0,
);

/** The same program, on this core with all its threads and what it starts. */
export function onCore(core: Core, program: string, args: readonly string[]): [string, string[]] {
  if (!HAS_CORES) return [program, [...args]];
  return ["taskset", ["-c", NUMBERS[core], program, ...args]];
}

/**
 * Gives a program both cores: what its thread pool does is done on the load's, and `false` takes it back. Told thread by thread, because a
 * system may leave all of a process on the core where it was woken, whatever it is allowed.
 */
export function spreadPool(pid: number, isSpread: boolean): void {
  const core = isSpread ? "load" : "measured";
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const name = readFileSync(`/proc/${pid}/task/${thread}/comm`, "utf8").trim();
    if (name === "libuv-worker") spawnSync("taskset", ["-p", "-c", NUMBERS[core], thread]);
  }
}

/** Puts this process, and what it starts from now on, on a core. */
export function stayOn(core: Core): void {
  if (HAS_CORES) spawnSync("taskset", ["-a", "-p", "-c", NUMBERS[core], String(process.pid)]);
}

/** A sentence for the figures. */
export function coresLine(): string {
  return HAS_CORES
    ? "What is measured runs on one core, the load and the origin on another."
    : "Without two cores and taskset everything runs where the system puts it: the targets were set with one core each.";
}
