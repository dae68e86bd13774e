import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import type { Socket } from "node:net";

/**
 * Like `spawn`, for a program that does not watch its parent: it gets its own process group, which
 * is killed when this process ends, however it ends. A signal from the terminal does not reach it.
 */
export function spawnGuarded(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(program, args, { ...options, detached: true });
  if (child.pid === undefined) return child;
  // Nothing is ever written: `read` ends when this process is gone, and its end of the pipe with
  // it.
  const guard = spawn("/bin/sh", ["-c", 'read -r _; kill -9 "-$1"', "guard", String(child.pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.unref();
  (guard.stdin as Socket).unref();
  // Not at `exit`: what it started may still run. Once nothing does, another process may have its
  // number.
  child.once("close", () => guard.kill("SIGKILL"));
  return child;
}
