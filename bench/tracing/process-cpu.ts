import { readFileSync } from "node:fs";

const TICK_US = 10_000;

/** Processor time of a process so far, all threads, microseconds; to a hundredth of a second. Linux only. */
export function processCpuUs(pid: number): number {
  // pid (name) state …; the name may hold spaces. utime and stime are fields 14 and 15.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}
