import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const MIB = 1024;

/** Resident memory of a process in MiB, or undefined when it is gone. */
export function residentMib(pid: number): number | undefined {
  try {
    const file = `/proc/${pid}/status`;
    const kib = existsSync("/proc/self/status")
      ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(file, "utf8"))?.[1]
      : execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" }).trim();
    return kib ? Number(kib) / MIB : undefined;
  } catch {
    return undefined;
  }
}

/** One line a process and their sum. `stack memory` is what the bench looks for. */
export function memoryReport(
  services: readonly { readonly name: string; readonly pid: number | undefined }[],
): string {
  const processes = new Map<number | undefined, string[]>();
  for (const { name, pid } of services) processes.set(pid, [...(processes.get(pid) ?? []), name]);
  const rows = [...processes].map(([pid, names]) => ({
    what: names.length === 1 ? names[0]! : `${names.length} services`,
    mib: pid === undefined ? undefined : residentMib(pid),
  }));
  const total = rows.reduce((sum, { mib = 0 }) => sum + mib, 0);
  const width = Math.max(...rows.map(({ what }) => what.length));
  return [
    `stack memory: ${total.toFixed(0)} MiB in ${rows.length} processes`,
    ...rows.map(
      ({ what, mib }) => `  ${what.padEnd(width)}  ${mib === undefined ? "gone" : `${mib.toFixed(0)} MiB`}`,
    ),
  ].join("\n");
}
