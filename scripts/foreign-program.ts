/**
 * Runs a program that does not watch our runner and ends it together with the runner:
 * `node scripts/foreign-program.ts PROGRAM ARGS…`
 *
 * @module
 */

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { PARENT_PID_VARIABLE, watchParent } from "agent-kit/service";

const [program, ...args] = process.argv.slice(2);
// The variable names this process's parent; the program's parent is this process.
const { [PARENT_PID_VARIABLE]: _, ...env } = process.env;
const child = spawn(program!, args, { stdio: "inherit", env });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
watchParent(() => child.kill("SIGTERM"));
child.once("error", (error) => {
  console.error(`${program} could not be started: ${error.message}`);
  process.exit(1);
});
child.once("close", (status, signal) => process.exit(status ?? 128 + constants.signals[signal!]));
