import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ServiceDescription } from "../../scripts/demo/describe-stack.ts";
import { spawnGuarded } from "../../scripts/spawn-guarded.ts";

/** To the host: starts services as the stack `id`, or stops that stack without any. */
export interface HostRequest {
  readonly id: number;
  readonly services?: readonly ServiceDescription[];
}

/** From the host, about one stack; without further members, that it accepts requests. */
export interface HostReply {
  readonly id: number;
  /** Lines of its services. */
  readonly text?: string;
  readonly ready?: { readonly pids: readonly (number | undefined)[]; readonly readyAfterMs: number };
  readonly failed?: string;
  readonly isStopped?: true;
  readonly isPrepared?: true;
}

/** A started group of services. */
export interface ServiceGroup {
  readonly processes: readonly { readonly name: string; readonly pid: number | undefined }[];
  readonly readyAfterMs: number;
  stop(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL("fixtures/stack-host.ts", import.meta.url));

let host: Promise<ChildProcess> | undefined;
let lastId = 0;

/**
 * Starts services in one process beside the test's, as the demo does. The stacks of a worker, one
 * after the other or at the same time, share that process, which ends with the worker's.
 *
 * @param write receives whole lines, `service | line`
 * @throws Error with the last lines of the service that failed
 */
export async function startInHost(
  services: readonly ServiceDescription[],
  env: NodeJS.ProcessEnv,
  write: (lines: string) => void,
): Promise<ServiceGroup> {
  host ??= startProgram(env);
  const child = await host;
  const id = ++lastId;
  const stopped = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<NonNullable<HostReply["ready"]>>();
  const onMessage = (reply: HostReply) => {
    if (reply.id !== id) return;
    if (reply.text !== undefined) write(reply.text);
    if (reply.ready !== undefined) ready.resolve(reply.ready);
    if (reply.failed !== undefined) ready.reject(new Error(reply.failed));
    if (reply.isStopped) stopped.resolve();
  };
  const onExit = () => {
    ready.reject(new Error("the process of the stack has ended"));
    stopped.resolve();
  };
  child.on("message", onMessage).on("exit", onExit);
  const request = (message: HostRequest) => child.connected && child.send(message);
  request({ id, services });
  const { pids, readyAfterMs } = await ready.promise;
  return {
    processes: services.map(({ name }, index) => ({ name, pid: pids[index] })),
    readyAfterMs,
    async stop() {
      if (child.exitCode === null && request({ id })) await stopped.promise;
      child.off("message", onMessage).off("exit", onExit);
    },
  };
}

async function startProgram(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawnGuarded(process.execPath, [PROGRAM], {
    env,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const prepared = Promise.withResolvers<void>();
  child.once("message", () => prepared.resolve());
  child.once("error", prepared.reject);
  child.once("exit", (status) => {
    host = undefined;
    prepared.reject(new Error(`the process for stacks has ended with status ${status}`));
  });
  await prepared.promise;
  // It ends with this process, and does not keep it alive.
  child.unref();
  child.channel?.unref();
  return child;
}
