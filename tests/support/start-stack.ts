import { LogLines } from "../../scripts/demo/log-lines.ts";
import { type RunningStack, runStack } from "../../scripts/demo/run-stack.ts";
import { ServiceProcess } from "../../scripts/demo/service-process.ts";
import {
  DEMO_MODES,
  DEMO_PORTS,
  describeStack,
  type StackModes,
  type StackPorts,
  type StackUrls,
  stackUrls,
} from "../../scripts/demo/stack.ts";
import { freePorts } from "./free-ports.ts";

/** A line of the log arrives over a pipe, some time after what it tells of. For `expect.poll`. */
export const LOG_WAIT = { timeout: 5_000, interval: 20 };

export interface TestStackOptions {
  /** Default: as the demo, but without the web page and the delegate. */
  readonly modes?: Partial<StackModes>;
  /** More variables for a service, by its name. They beat what the stack's description says. */
  readonly env?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The whole stack on ports of its own, each service a process, identities to match. */
export interface TestStack {
  readonly ports: StackPorts;
  readonly urls: StackUrls;
  readonly modes: StackModes;
  readonly processes: RunningStack["processes"];
  readonly readyAfterMs: number;
  /** Everything the services have printed, as lines `service | line`. */
  log(): string;
  /** Ends one service at once, as a crash would. */
  kill(name: string): Promise<void>;
  /** Starts a killed service again, with a new key, and resolves when it is ready; `env` as in {@link TestStackOptions}. */
  startAgain(name: string, env?: Readonly<Record<string, string>>): Promise<void>;
  stop(): Promise<void>;
}

const READY_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 5_000;

/** The journeys run with either auth server: with Keycloak in `npm run test:all -- keycloak`. */
const AUTH_SERVER: StackModes["authServer"] = process.env.AUTH_SERVER_TEST_URL ? "keycloak" : "embedded";

/** Kept from the environment of the test run. The rest (VITEST, NODE_ENV, a developer's settings) must not change what is tested. */
const INHERITED_VARIABLES = ["PATH", "HOME", "TMPDIR", "LANG", "JAVA_HOME", "KEYCLOAK_HOME"];

/**
 * Starts the stack of the demo runner on free ports and resolves when it is ready; rejects with the last lines of the service that
 * failed. Several can run side by side.
 */
export async function startStack(options: TestStackOptions = {}): Promise<TestStack> {
  if (process.env.COMPOSE_UNDER_TEST) {
    // The journeys are the same; only who starts the services differs.
    const { startContainerStack } = await import("../compose/container-stack.ts");
    return startContainerStack(options);
  }
  const keys = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  const free = await freePorts(keys.length);
  const ports = Object.fromEntries(keys.map((key, index) => [key, free[index]])) as unknown as StackPorts;
  const modes: StackModes = {
    ...DEMO_MODES,
    authServer: AUTH_SERVER,
    ui: false,
    delegate: false,
    ...options.modes,
  };
  const services = describeStack(ports, modes).map((service) => ({
    ...service,
    env: { ...service.env, ...options.env?.[service.name] },
  }));
  let text = "";
  const sink = {
    write: (line: string) => {
      text += line;
    },
  };
  const names = services.map(({ name }) => name);
  const log = new LogLines(names, { sink, colour: false });
  const baseEnv = Object.fromEntries(INHERITED_VARIABLES.map((name) => [name, process.env[name]]));
  const stack = await runStack(services, { log, signal: new AbortController().signal, baseEnv });
  const processes = [...stack.processes];
  const indexOf = (name: string): number => processes.findIndex((running) => running.name === name);
  return {
    ports,
    urls: stackUrls(ports),
    modes,
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
