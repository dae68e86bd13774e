import type { ChildProcess, SpawnOptions } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { spawnGuarded } from "../../scripts/spawn-guarded.ts";

/** A program under test with its output so far. */
export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Standard output and standard error in their order. */
  text(): string;
  /** One of the two streams. */
  stdout(): string;
  stderr(): string;
  /** Resolves with the match once the output has it; rejects if the program ends before that. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<{ readonly status: number | null; readonly signal: NodeJS.Signals | null }>;
}

/**
 * Starts a program and collects its output. It ends with this process: see {@link spawnGuarded}.
 */
export function startChild(program: string, args: readonly string[], options: SpawnOptions = {}): Child {
  const child = spawnGuarded(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const apart = { stdout: "", stderr: "" };
  let hasEnded = false;
  for (const name of ["stdout", "stderr"] as const) {
    child[name]!.on("data", (chunk) => {
      output += chunk;
      apart[name] += chunk;
    });
  }
  const ended = new Promise<{ status: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => {
      hasEnded = true;
      resolve({ status, signal });
    });
  });
  ended.catch(() => {});
  return {
    process: child,
    pid: child.pid!,
    text: () => output,
    stdout: () => apart.stdout,
    stderr: () => apart.stderr,
    ended,
    async prints(pattern) {
      for (;;) {
        const match = pattern.exec(output);
        if (match !== null) return match;
        if (hasEnded) throw new Error(`ended without printing ${pattern}:\n${output}`);
        await pause(20);
      }
    },
  };
}

/** Whether a process with this pid exists and is not our zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
