import { DEMO_DIALECTS } from "../../scripts/demo/demo-dialect.ts";
import { describeStack, type ServiceDescription } from "../../scripts/demo/describe-stack.ts";
import { freePorts } from "../../scripts/demo/free-ports.ts";
import { removeState } from "../../scripts/demo/kept-state.ts";
import { LogLines } from "../../scripts/demo/log-lines.ts";
import { runStack } from "../../scripts/demo/run-stack.ts";
import {
  DEMO_MODES,
  DEMO_PORTS,
  REPOSITORY_ROOT,
  type StackModes,
  type StackPorts,
  type StackUrls,
  stackUrls,
} from "../../scripts/demo/stack.ts";
import { describeReplicas } from "../../scripts/replicas/describe-replicas.ts";
import { prepareReplicas } from "../../scripts/replicas/prepare-replicas.ts";

/**
 * The demo with two processes of each service that can have them, on free ports and with new
 * databases.
 */
export interface ReplicaStack {
  readonly urls: StackUrls;
  /** Addresses of both processes of a service. */
  addressesOf(service: string): readonly [string, string];
  processes(): readonly { readonly name: string; readonly pid: number }[];
  log(): string;
  /** Kills a process, as a crash would, after which the runner restarts it. */
  kill(name: string): void;
  /** Pauses a process, with its connections open, while `run` runs. */
  whileStopped(name: string, run: () => Promise<void>): Promise<void>;
  /** Ends all processes and removes their state. */
  stop(): Promise<void>;
}

/** Fifteen processes start together, on a busy machine. */
const READY_LIMIT_MS = 150_000;
const INHERITED_VARIABLES = ["PATH", "HOME", "TMPDIR", "LANG", "POSTGRES_BIN", "VALKEY_BIN"];

/**
 * @param modes.store its own PostgreSQL and Valkey are started where none is named
 * @param env more variables for every service, from those that it has
 * @throws Error where there is no PostgreSQL or no Valkey: these tests never pass without
 */
export async function startReplicas(
  modes: Partial<StackModes> = {},
  env: (own: ServiceDescription["env"]) => ServiceDescription["env"] = () => ({}),
): Promise<ReplicaStack> {
  const keys = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  const free = await freePorts(keys.length);
  const ports = Object.fromEntries(keys.map((key, at) => [key, free[at]])) as unknown as StackPorts;
  const all: StackModes = {
    ...DEMO_MODES,
    policyFile: DEMO_DIALECTS[modes.profile ?? DEMO_MODES.profile].policyFile,
    ui: false,
    delegate: false,
    ...modes,
  };
  const replicas = await prepareReplicas(ports, all);
  const described = describeStack(ports, all).map((service) => ({
    ...service,
    env: { ...service.env, ...env(service.env) },
  }));
  const services = describeReplicas(described, replicas).map((service) => ({
    ...service,
    hosted: undefined,
    readyLimitMs: READY_LIMIT_MS,
  }));
  let text = "";
  const sink = {
    write: (line: string) => {
      text += line;
    },
  };
  const log = new LogLines(
    services.map(({ name }) => name),
    { sink, colour: false },
  );
  const baseEnv = {
    ...Object.fromEntries(INHERITED_VARIABLES.map((name) => [name, process.env[name]])),
    NODE_COMPILE_CACHE: `${REPOSITORY_ROOT}node_modules/.cache/node`,
  };
  const signal = new AbortController().signal;
  const stack = await runStack(services, { log, signal, baseEnv, restart: true });
  stack.failed.catch((error: unknown) => {
    text += `${String(error)}\n`;
  });
  const pidOf = (name: string) => stack.services.find((running) => running.name === name)!.pid!;
  return {
    urls: stackUrls(ports),
    addressesOf: (service) => {
      const [first, second] = replicas.ports.get(service)!;
      return [`http://127.0.0.1:${first}`, `http://127.0.0.1:${second}`];
    },
    processes: () => stack.services.map(({ name, pid }) => ({ name, pid: pid! })),
    log: () => text,
    kill: (name) => void process.kill(-pidOf(name), "SIGKILL"),
    async whileStopped(name, run) {
      const pid = pidOf(name);
      process.kill(-pid, "SIGSTOP");
      try {
        await run();
      } finally {
        process.kill(-pid, "SIGCONT");
      }
    },
    async stop() {
      await stack.stop();
      await removeState(ports, all);
    },
  };
}
