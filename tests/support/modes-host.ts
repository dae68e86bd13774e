import { once } from "node:events";
import { globSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MODE_NAMES, type ModeName } from "topology";
import { freeStackPorts } from "../../scripts/demo/free-ports.ts";
import { REPOSITORY_ROOT, type StackPorts, type StackUrls } from "../../scripts/demo/stack.ts";
import { spawnGuarded } from "../../scripts/spawn-guarded.ts";

export interface ModesRequest {
  readonly id: number;
  readonly act: "start" | "stop" | "names" | "setEnv" | "rest" | "cycle";
  readonly names: readonly string[];
  readonly times?: number;
  readonly variables?: Readonly<Record<string, string>>;
}

/** What a process has while no mode runs. */
export interface Left {
  readonly resources: readonly string[];
  readonly residentMib: number;
  readonly usedMib: number;
}

/** The answer to a request. That with id 0 comes once requests are accepted. */
export interface ModesReply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Modes in one process beside the test's, on free ports. */
export interface ModesHost {
  readonly ports: Readonly<Record<ModeName, StackPorts>>;
  text(): string;
  /** Starts modes at the same time. Rejects with message and `code` of the first that fails. */
  start(...names: string[]): Promise<StackUrls[]>;
  ask(act: ModesRequest["act"], request?: Partial<ModesRequest>): Promise<unknown>;
  /** Ends the process, and starts another with the same ports. */
  restart(): Promise<void>;
  /** Ends the process and removes what the modes have kept. */
  end(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL("fixtures/modes-host.ts", import.meta.url));

export async function startModesHost(): Promise<ModesHost> {
  const all = await Promise.all(MODE_NAMES.map(async (name) => [name, await freeStackPorts()] as const));
  const ports = Object.fromEntries(all) as Record<ModeName, StackPorts>;
  let text = "";
  const asked = new Map<number, PromiseWithResolvers<unknown>>();
  const begin = async () => {
    const started = spawnGuarded(process.execPath, ["--expose-gc", PROGRAM, JSON.stringify(ports)], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const stream of [started.stdout!, started.stderr!])
      stream.on("data", (chunk) => {
        text += chunk;
      });
    await Promise.race([once(started, "message"), once(started, "exit")]);
    if (!started.connected) throw new Error(`the process has ended:\n${text}`);
    started.on("message", ({ id, value, error }: ModesReply) => {
      if (error === undefined) asked.get(id)!.resolve(value);
      else asked.get(id)!.reject(Object.assign(new Error(error.message), { code: error.code }));
    });
    started.once("exit", () => {
      for (const { reject } of asked.values()) reject(new Error(`the process has ended:\n${text}`));
    });
    return started;
  };
  let child = await begin();
  const ask: ModesHost["ask"] = (act, request = {}) => {
    const id = asked.size + 1;
    const answer = Promise.withResolvers<unknown>();
    asked.set(id, answer);
    child.send({ id, act, names: [], ...request });
    return answer.promise;
  };
  const kill = async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  };
  return {
    ports,
    text: () => text,
    ask,
    start: async (...names) => (await ask("start", { names })) as StackUrls[],
    async restart() {
      await kill();
      child = await begin();
    },
    async end() {
      await kill();
      for (const { backend } of Object.values(ports))
        for (const folder of globSync(`${REPOSITORY_ROOT}.{data,keys}/*-${backend}`))
          rmSync(folder, { recursive: true });
    },
  };
}
