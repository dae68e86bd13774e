import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { watchParent } from "agent-kit/watch-parent";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { spawnGuarded } from "./spawn-guarded.ts";

const running = new Set<ChildProcess>();
const cleanups = new Set<() => Promise<unknown>>();
let isEnding = false;
const GRACE_MS = 5000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Exit status of a program and, when it was caught, its output. */
export interface ProgramResult {
  readonly status: number;
  readonly output: string;
}

/**
 * Runs a program to its end. `caught` keeps standard output and standard error together; `shown`
 * passes them through. It is killed when this process ends first, also by a kill.
 * Never rejects: a program that cannot be started has status 127, one that exceeds `limitMs` is
 * ended and has 124, and its output says so. Once this process is about to end, none is started any
 * more, and the promise is never kept.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: {
    output: "caught" | "shown";
    /** Additions to this process's environment; undefined removes a variable. */
    env?: Readonly<Record<string, string | undefined>>;
    limitMs?: number;
    cwd?: string;
    /** Aborting ends the program. */
    signal?: AbortSignal;
    /** It runs while this process ends: see {@link cleanUpAtEnd}. */
    isCleanup?: boolean;
  },
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    if (isEnding && !options.isCleanup) return;
    const child = spawnGuarded(program, args, {
      cwd: options.cwd ?? REPOSITORY_ROOT,
      env: { ...process.env, ...options.env },
      stdio: options.output === "shown" ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    const chunks: Buffer[] = [];
    child.stdout?.on("data", (chunk) => chunks.push(chunk));
    child.stderr?.on("data", (chunk) => chunks.push(chunk));
    let expired = false;
    let killer: NodeJS.Timeout | undefined;
    const limit = setTimeout(() => {
      expired = true;
      // A program with child processes gets a moment to end them.
      child.kill("SIGTERM");
      killer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    }, options.limitMs ?? LONGEST_TIMER_MS);
    const abort = () => child.kill("SIGTERM");
    options.signal?.addEventListener("abort", abort);
    const end = (status: number, more = "") => {
      running.delete(child);
      options.signal?.removeEventListener("abort", abort);
      clearTimeout(limit);
      clearTimeout(killer);
      resolve({ status, output: Buffer.concat(chunks).toString() + more });
    };
    child.once("error", (error) => end(127, error.message));
    child.once("close", (status) => {
      if (expired) end(124, `\nended: it took more than ${(options.limitMs ?? 0) / 1000} s`);
      else end(status ?? 1);
    });
  });
}

/**
 * From now on a signal, or the end of the bootstrap above, ends the running programs, then what
 * they leave behind, then this process.
 */
export function endProgramsOnSignal(): void {
  const end = async () => {
    // Ctrl-C comes twice: from the terminal, and from the bootstrap.
    if (isEnding) return;
    isEnding = true;
    for (const child of running) child.kill("SIGTERM");
    const closed = [...running].map((child) => once(child, "close"));
    await Promise.race([Promise.all(closed), sleep(GRACE_MS)]);
    await Promise.all([...cleanups].map((cleanup) => cleanup()));
    process.exit(130);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void end());
  watchParent(() => void end());
}

/**
 * For what outlives the programs that made it, such as containers: `cleanup` is called once they
 * have ended, should this process be ended before the returned function says that nothing is left.
 * The programs it runs are marked `isCleanup`.
 */
export function cleanUpAtEnd(cleanup: () => Promise<unknown>): () => void {
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}

/** Path of a program in the root's dependencies. */
export function localProgram(name: string): string {
  return `${REPOSITORY_ROOT}node_modules/.bin/${name}`;
}
