import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { onCore } from "../cores.ts";
import { type BenchGateway, writeGatewayFile } from "./gateway-program.ts";
import { portOpens } from "./program.ts";

/** An Agentgateway binary with the embedded gateway's own file: one worker thread, its access log in a file. */
export interface Agentgateway {
  /** Processor time of its threads so far; undefined where the system does not tell (it is read from /proc). */
  cpuUs(): number | undefined;
  stop(): Promise<void>;
}

export async function startAgentgateway(binary: string, options: BenchGateway): Promise<Agentgateway> {
  const { file, env } = writeGatewayFile(options);
  const output = openSync(join(options.folder, `${options.name}.log`), "w");
  const child = spawn(...onCore("measured", binary, ["-f", file]), {
    env: { ...env, WORKER_THREADS: "1" },
    stdio: ["ignore", output, "inherit"],
  });
  closeSync(output);
  const stop = async () => {
    if (child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  };
  try {
    await portOpens(options.port, () => child.exitCode === null);
  } catch (error) {
    await stop();
    throw new Error(`${binary} did not start`, { cause: error });
  }
  return { cpuUs: () => threadsCpuUs(child), stop };
}

function threadsCpuUs({ pid }: ChildProcess): number | undefined {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return undefined;
  let nanoseconds = 0;
  for (const task of readdirSync(tasks)) {
    nanoseconds += Number(readFileSync(join(tasks, task, "schedstat"), "utf8").split(" ")[0]);
  }
  return nanoseconds / 1000;
}
