import { fileURLToPath } from "node:url";
import { describeStack, leaveOut, type ServiceDescription } from "../../scripts/demo/describe-stack.ts";
import { freePorts } from "../../scripts/demo/free-ports.ts";
import { LogLines } from "../../scripts/demo/log-lines.ts";
import { runStack } from "../../scripts/demo/run-stack.ts";
import { ServiceProcess } from "../../scripts/demo/service-process.ts";
import {
  DEMO_MODES,
  DEMO_PORTS,
  POLICY_FILES,
  REPOSITORY_ROOT,
  type StackModes,
  type StackPorts,
  type StackUrls,
  stackUrls,
} from "../../scripts/demo/stack.ts";
import { startChild } from "./child.ts";

/** A line of the log arrives over a pipe, some time after what it tells of. For `expect.poll`. */
export const LOG_WAIT = { timeout: 5_000, interval: 20 };

export type ServiceVariables = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface TestStackOptions {
  /** Default: as the demo, but without the web page and the delegate. */
  readonly modes?: Partial<StackModes>;
  /** More variables for a service, by its name. They beat what the stack's description says. */
  readonly env?: ServiceVariables | ((urls: StackUrls) => ServiceVariables);
  /** Services that the test puts something else in the place of. Default: none. */
  readonly without?: readonly string[];
  /**
   * Port of an auth server that runs already and serves several stacks. Default: the stack starts
   * its own.
   */
  readonly authServerPort?: number | undefined;
  /**
   * Each service as a process of its own, for a test that ends one; `supervised` by the demo's
   * runner, which starts it again. Default: one process, as the demo.
   */
  readonly processes?: boolean | "supervised";
}

/** The whole stack on ports of its own, identities to match. */
export interface TestStack {
  readonly ports: StackPorts;
  readonly urls: StackUrls;
  readonly modes: StackModes;
  /** Where each service runs. */
  readonly processes: readonly { readonly name: string; readonly pid: number | undefined }[];
  readonly readyAfterMs: number;
  /** Everything the services have printed, as lines `service | line`. */
  log(): string;
  /** Ends one service at once, as a crash would. Needs `processes: true`, as `startAgain` does. */
  kill(name: string): Promise<void>;
  /**
   * Starts a killed service again, with a new key, and resolves when it is ready; `env` as in
   * {@link TestStackOptions}.
   */
  startAgain(name: string, env?: Readonly<Record<string, string>>): Promise<void>;
  stop(): Promise<void>;
}

const STACK_RUNNER = fileURLToPath(new URL("fixtures/stack-runner.ts", import.meta.url));
const READY_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 5_000;

/** The journeys run with either auth server: with Keycloak in `npm run test:all -- keycloak`. */
const AUTH_SERVER: StackModes["authServer"] = process.env.AUTH_SERVER_TEST_URL ? "keycloak" : "embedded";

/**
 * Kept from the environment of the test run. The rest (VITEST, NODE_ENV, a developer's settings)
 * must not change what is tested.
 */
const INHERITED_VARIABLES = ["PATH", "HOME", "TMPDIR", "LANG", "JAVA_HOME"];

/**
 * Starts the stack of the demo runner on free ports and resolves when it is ready; rejects with the
 * last lines of the service that failed. Several can run side by side.
 */
export async function startStack(options: TestStackOptions = {}): Promise<TestStack> {
  if (process.env.COMPOSE_UNDER_TEST) {
    // The journeys are the same; only who starts the services differs.
    const { startContainerStack } = await import("../compose/container-stack.ts");
    return startContainerStack(options);
  }
  const keys = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  const free = await freePorts(keys.length);
  const { env = {}, without = [], authServerPort } = options;
  const ports = {
    ...(Object.fromEntries(keys.map((key, index) => [key, free[index]])) as unknown as StackPorts),
    ...(authServerPort !== undefined && { authServer: authServerPort }),
  };
  const modes: StackModes = {
    ...DEMO_MODES,
    authServer: AUTH_SERVER,
    policyFile: POLICY_FILES[options.modes?.profile ?? DEMO_MODES.profile],
    ui: false,
    delegate: false,
    store: "memory",
    ...options.modes,
  };
  const variables = typeof env === "function" ? env(stackUrls(ports)) : env;
  const notStarted = authServerPort === undefined ? without : [...without, "auth-server"];
  const services = leaveOut(describeStack(ports, modes), notStarted).map((service) => ({
    ...service,
    env: { ...service.env, ...variables[service.name] },
  }));
  const baseEnv = {
    ...Object.fromEntries(INHERITED_VARIABLES.map((name) => [name, process.env[name]])),
    NODE_COMPILE_CACHE: `${REPOSITORY_ROOT}node_modules/.cache/node`,
  };
  const apart = services.map((service) => ({ ...service, hosted: undefined }));
  const started =
    options.processes === true
      ? await startProcesses(apart, baseEnv)
      : await startHost(options.processes ? apart : services, baseEnv);
  return { ports, urls: stackUrls(ports), modes, ...started };
}

type Started = Omit<TestStack, "ports" | "urls" | "modes">;

/** By the demo's runner, in a process beside that of the test. */
async function startHost(services: readonly ServiceDescription[], env: NodeJS.ProcessEnv): Promise<Started> {
  const host = startChild(process.execPath, [STACK_RUNNER, JSON.stringify(services)], { env });
  const [, pids, readyAfterMs] = await host.prints(/^ready with pids ([\d ]+) after ([\d.]+) ms$/m);
  const refuse = () => Promise.reject(new Error("this takes a stack of several processes: processes: true"));
  return {
    processes: pids!.split(" ").map((pid, index) => ({ name: services[index]!.name, pid: Number(pid) })),
    readyAfterMs: Number(readyAfterMs),
    log: host.text,
    kill: refuse,
    startAgain: refuse,
    async stop() {
      host.process.kill("SIGTERM");
      await host.ended;
    },
  };
}

async function startProcesses(
  services: readonly ServiceDescription[],
  baseEnv: NodeJS.ProcessEnv,
): Promise<Started> {
  let text = "";
  const sink = {
    write: (line: string) => {
      text += line;
    },
  };
  const names = services.map(({ name }) => name);
  const log = new LogLines(names, { sink, colour: false });
  const stack = await runStack(services, { log, signal: new AbortController().signal, baseEnv });
  const processes = [...stack.services];
  const indexOf = (name: string): number => processes.findIndex((running) => running.name === name);
  return {
    processes,
    readyAfterMs: stack.readyAfterMs,
    log: () => text,
    async kill(name) {
      const running = processes[indexOf(name)]!;
      process.kill(running.pid!, "SIGKILL");
      await running.ended;
    },
    async startAgain(name, env = {}) {
      const service = services.find((description) => description.name === name)!;
      const again = new ServiceProcess(
        { ...service, env: { ...service.env, ...env } },
        { baseEnv, onLine: (line) => log.write(name, line) },
      );
      processes[indexOf(name)] = again;
      if (!(await again.isReady(AbortSignal.timeout(READY_LIMIT_MS)))) {
        throw new Error(`${name} did not start again: ${again.lastLines.join("\n")}`);
      }
    },
    async stop() {
      await Promise.all(processes.map((running) => running.stop(STOP_LIMIT_MS)));
      await stack.stop();
    },
  };
}
