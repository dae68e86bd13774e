import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface ProcessUse {
  /** Resident memory, pages that processes share counted in each. */
  readonly memoryMib: number;
  /** Resident memory, shared pages divided among the processes that have them. 0 without /proc. */
  readonly proportionalMib: number;
  /** Open sockets; 0 without /proc. */
  readonly sockets: number;
}

/** CPU and memory use of a process and its descendants. */
export function useBelow(root: number): ProcessUse {
  const lines = execFileSync("ps", ["-Ao", "pid=,ppid=,rss="], { encoding: "utf8" }).trim().split("\n");
  const rows = lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number, number]);
  const use = { memoryMib: 0, proportionalMib: 0, sockets: 0 };
  const add = (pid: number): void => {
    for (const [own, parent, kib] of rows) {
      if (own === pid) use.memoryMib += kib / 1024;
      if (parent === pid) add(own);
    }
    use.proportionalMib += proportionalMibOf(pid);
    use.sockets += socketsOf(pid);
  };
  add(root);
  return use;
}

function proportionalMibOf(pid: number): number {
  try {
    const [, kib] = /^Pss: *(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")) ?? [];
    return Number(kib ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).filter((name) => readlinkSync(`${folder}/${name}`).startsWith("socket:"))
      .length;
  } catch {
    return 0;
  }
}
