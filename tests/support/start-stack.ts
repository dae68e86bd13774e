import { fileURLToPath } from "node:url";
import { DEMO_DIALECTS } from "../../scripts/demo/demo-dialect.ts";
import { describeStack, leaveOut, type ServiceDescription } from "../../scripts/demo/describe-stack.ts";
import { freePorts } from "../../scripts/demo/free-ports.ts";
import { LogLines } from "../../scripts/demo/log-lines.ts";
import { runStack } from "../../scripts/demo/run-stack.ts";
import { ServiceProcess } from "../../scripts/demo/service-process.ts";
import {
  DEMO_MODES,
  DEMO_PORTS,
  REPOSITORY_ROOT,
  type StackModes,
  type StackPorts,
  type StackUrls,
  stackUrls,
} from "../../scripts/demo/stack.ts";
import { startChild } from "./child.ts";
import { type ServiceGroup, startInHost } from "./stack-host.ts";

/** A line of the log arrives over a pipe, some time after its event. For `expect.poll`. */
export const LOG_WAIT = { timeout: 5_000, interval: 20 };

export type ServiceVariables = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface TestStackOptions {
  /** Default: as the demo, but without the web page and the delegate. */
  readonly modes?: Partial<StackModes>;
  /** More variables for a service, by its name. They override the stack's description. */
  readonly env?: ServiceVariables | ((urls: StackUrls) => ServiceVariables);
  /** Services that the test replaces. Default: none. */
  readonly without?: readonly string[];
  /**
   * Port of a running auth server that serves several stacks. Default: the stack starts its own.
   */
  readonly authServerPort?: number | undefined;
  /**
   * Services to run as separate processes, for a test that ends them: the named ones, all (`true`),
   * or all and `supervised` by the demo's runner, which restarts them. The others share one
   * process, as in the demo. Default: none.
   */
  readonly processes?: readonly string[] | true | "supervised";
}

/** The whole stack on free ports, with matching identities. */
export interface TestStack {
  readonly ports: StackPorts;
  readonly urls: StackUrls;
  readonly modes: StackModes;
  /** Process of each service. */
  readonly processes: readonly { readonly name: string; readonly pid: number | undefined }[];
  readonly readyAfterMs: number;
  /** Everything the services have printed, as lines `service | line`. */
  log(): string;
  /** Ends one service of {@link TestStackOptions.processes} at once, as a crash would. */
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

/** With an Agentgateway binary, stacks have it instead of the embedded gateway. */
const GATEWAY = process.env.AGENTGATEWAY_BIN ? { gatewayProgram: process.env.AGENTGATEWAY_BIN } : {};

/**
 * Variables kept from the environment of the test run. Others (VITEST, NODE_ENV, a developer's
 * settings) must not change the test.
 */
const INHERITED_VARIABLES = ["PATH", "HOME", "TMPDIR", "LANG", "JAVA_HOME"];

/**
 * Starts the stack of the demo runner on free ports and resolves when it is ready; rejects with the
 * last lines of the service that failed. Several can run side by side.
 */
export async function startStack(options: TestStackOptions = {}): Promise<TestStack> {
  if (process.env.COMPOSE_UNDER_TEST) {
    // The journeys are the same; only the starter of the services differs.
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
    policyFile: DEMO_DIALECTS[options.modes?.profile ?? DEMO_MODES.profile].policyFile,
    ui: false,
    delegate: false,
    store: "memory",
    ...GATEWAY,
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
  const { processes } = options;
  const isApart = ({ name }: ServiceDescription) =>
    processes === true || (Array.isArray(processes) && processes.includes(name));
  const [apart, together] = [services.filter(isApart), services.filter((service) => !isApart(service))];
  const started = await startServices(asProcesses(apart), together, baseEnv, processes === "supervised");
  // Spreading it would read `processes` once, before any restart.
  return Object.assign(started, { ports, urls: stackUrls(ports), modes });
}

const asProcesses = (services: readonly ServiceDescription[]) =>
  services.map((service) => ({ ...service, hosted: undefined }));

type Started = Omit<TestStack, "ports" | "urls" | "modes">;

/** Starts the services that a test may end as separate processes, and the others in one process. */
async function startServices(
  apart: readonly ServiceDescription[],
  together: readonly ServiceDescription[],
  baseEnv: NodeJS.ProcessEnv,
  isSupervised: boolean,
): Promise<Started> {
  let text = "";
  const write = (lines: string) => {
    text += lines;
  };
  const names = (services: readonly ServiceDescription[]) => services.map(({ name }) => name);
  const log = new LogLines(names([...apart, ...together]), { sink: { write }, colour: false });
  const running = new Map<string, ServiceProcess>();
  const starting: Promise<ServiceGroup>[] = [];
  if (isSupervised) starting.push(startRunner(asProcesses(together), baseEnv, write));
  else if (together.length > 0) starting.push(startInHost(leaveOut(together, names(apart)), baseEnv, write));
  if (apart.length > 0)
    starting.push(startProcesses(leaveOut(apart, names(together)), { baseEnv, log, running }));
  const results = await Promise.allSettled(starting);
  const groups = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const stop = async () => {
    await Promise.all(groups.map((group) => group.stop()));
  };
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  const needed = (name: string) => {
    const service = apart.find((description) => description.name === name);
    if (service === undefined) throw new Error(`this takes a stack with processes: ["${name}"]`);
    return service;
  };
  return {
    get processes() {
      const hosted = groups.flatMap(({ processes }) => processes).filter(({ name }) => !running.has(name));
      return [...hosted, ...running.values()];
    },
    readyAfterMs: Math.max(...groups.map(({ readyAfterMs }) => readyAfterMs)),
    log: () => text,
    async kill(name) {
      const service = running.get(needed(name).name)!;
      process.kill(service.pid!, "SIGKILL");
      await service.ended;
    },
    async startAgain(name, env = {}) {
      const service = needed(name);
      const again = new ServiceProcess(
        { ...service, env: { ...service.env, ...env } },
        { baseEnv, onLine: (line) => log.write(name, line) },
      );
      running.set(name, again);
      if (!(await again.isReady(AbortSignal.timeout(READY_LIMIT_MS)))) {
        throw new Error(`${name} did not start again: ${again.lastLines.join("\n")}`);
      }
    },
    stop,
  };
}

/** Like {@link startInHost}, by the demo's runner. */
async function startRunner(
  services: readonly ServiceDescription[],
  env: NodeJS.ProcessEnv,
  write: (lines: string) => void,
): Promise<ServiceGroup> {
  const runner = startChild(process.execPath, [STACK_RUNNER, JSON.stringify(services)], { env });
  for (const stream of [runner.process.stdout!, runner.process.stderr!]) stream.on("data", write);
  const [, pids, readyAfterMs] = await runner.prints(/^ready with pids ([\d ]+) after ([\d.]+) ms$/m);
  return {
    processes: pids!.split(" ").map((pid, index) => ({ name: services[index]!.name, pid: Number(pid) })),
    readyAfterMs: Number(readyAfterMs),
    async stop() {
      runner.process.kill("SIGTERM");
      await runner.ended;
    },
  };
}

async function startProcesses(
  services: readonly ServiceDescription[],
  {
    baseEnv,
    log,
    running,
  }: { baseEnv: NodeJS.ProcessEnv; log: LogLines; running: Map<string, ServiceProcess> },
): Promise<ServiceGroup> {
  const stack = await runStack(services, { log, signal: new AbortController().signal, baseEnv });
  for (const service of stack.services) running.set(service.name, service as ServiceProcess);
  return {
    processes: stack.services,
    readyAfterMs: stack.readyAfterMs,
    async stop() {
      await Promise.all([...running.values()].map((service) => service.stop(STOP_LIMIT_MS)));
      await stack.stop();
    },
  };
}
