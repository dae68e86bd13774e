import { setTimeout as pause } from "node:timers/promises";
import { timeWaitText } from "agent-kit/service";
import { aborted } from "./aborted.ts";
import type { NeededPort, ServiceDescription } from "./describe-stack.ts";
import { HostedService } from "./hosted-service.ts";
import type { LogLines } from "./log-lines.ts";
import { ServiceProcess, type StartedService } from "./service-process.ts";
import { SupervisedProcess } from "./supervised-process.ts";
import { proposePorts, unavailablePorts } from "./taken-ports.ts";

/** Time for one service to be ready: a cold disk is slow. */
const READY_LIMIT_MS = 60_000;
/** Time for all services together to stop. */
const STOP_LIMIT_MS = 5000;
const SHORTEST_STOP_MS = 1000;
const TIME_WAIT_POLL_MS = 250;

/** Ports of the stack are in use; nothing was started. */
export class PortsTakenError extends Error {
  override readonly name = "PortsTakenError";
  readonly code = "ports_taken";
  readonly ports: readonly NeededPort[];

  /** @param proposals a free port by variable, as {@link proposePorts} finds them */
  constructor(ports: readonly NeededPort[], proposals: ReadonlyMap<string, number> = new Map()) {
    const width = Math.max(...ports.map(({ purpose }) => purpose.length));
    const lines = ports.map(({ port, purpose, variable }) => {
      const hint = variable && `  (another port: ${variable}=${proposals.get(variable) ?? "…"})`;
      return `  ${String(port).padStart(5)}  needed by ${purpose.padEnd(width)}${hint ?? ""}`;
    });
    const isMovable = ports.some(({ variable }) => variable !== undefined);
    super(
      [
        `${ports.length === 1 ? "A port is" : `${ports.length} ports are`} taken by another process:`,
        ...lines,
        `Stop that process (lsof -i :PORT names it)${isMovable ? ", or set the variable in brackets" : ""}. Nothing was started.`,
      ].join("\n"),
    );
    this.ports = ports;
  }
}

/** A service ended by itself, or was not ready in time. */
export class ServiceDiedError extends Error {
  override readonly name = "ServiceDiedError";
  readonly code = "service_died";
  /** The message without the last lines. */
  readonly summary: string;

  constructor(service: string, what: string, lastLines: readonly string[]) {
    const output = lastLines.length === 0 ? ["(it printed nothing)"] : lastLines;
    const summary = `${service} ${what}`;
    super([`${summary}. Its last lines:`, ...output.map((line) => `  ${line}`)].join("\n"));
    this.summary = summary;
  }
}

/** A running stack. */
export interface RunningStack {
  readonly services: readonly StartedService[];
  /** From the first start to the last ready, milliseconds. */
  readonly readyAfterMs: number;
  /**
   * Rejects with {@link ServiceDiedError} when a service has ended before `stop`; never resolves.
   * The others keep running.
   */
  readonly failed: Promise<never>;
  /**
   * Stops the services, last started first; kills those that do not stop. Resolves with their
   * names.
   */
  stop(): Promise<string[]>;
}

export interface RunStackOptions {
  readonly log: LogLines;
  /**
   * Environment that the services inherit; each description adds to it. Default the environment of
   * this process.
   */
  readonly baseEnv?: NodeJS.ProcessEnv;
  /** Aborting stops a start in progress. */
  readonly signal: AbortSignal;
  /** Receives every started service, so that the caller can kill it. */
  readonly onStart?: (service: StartedService) => void;
  /**
   * Ports of services that are started separately: not proposed where one of ours is taken. Default
   * none.
   */
  readonly otherPorts?: readonly number[];
  /**
   * Whether a process that dies after it was ready is restarted. Default false: the stack fails.
   */
  readonly restart?: boolean;
}

/**
 * Starts every service as soon as those that it depends on are ready, and resolves when all are: in
 * this process if its description says how, otherwise as a separate process. If one fails, or the
 * start is aborted, the others are stopped before the promise rejects.
 *
 * @throws PortsTakenError before anything is started
 * @throws ServiceDiedError with the service's last lines
 * @throws the signal's reason when aborted
 */
export async function runStack(
  services: readonly ServiceDescription[],
  options: RunStackOptions,
): Promise<RunningStack> {
  const { log, signal, baseEnv = process.env, onStart, otherPorts = [], restart = false } = options;
  const taken = await takenPorts(services, options);
  if (taken.length > 0) {
    const wanted = services.flatMap((service) => service.ports.map(({ port }) => port));
    throw new PortsTakenError(taken, await proposePorts(taken, [...wanted, ...otherPorts]));
  }

  const startedAt = performance.now();
  const started: StartedService[] = [];
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  let stopping: Promise<string[]> | undefined;
  const stop = () => {
    stopping ??= stopInReverse(started);
    return stopping;
  };

  const ready = new Map<string, Promise<void>>();
  const startOne = async (service: ServiceDescription): Promise<void> => {
    await Promise.all(service.after.map((name) => ready.get(name)));
    signal.throwIfAborted();
    // Nothing stops a service that starts after the others have begun to stop.
    if (stopping !== undefined) return failure.promise;
    const limitMs = service.readyLimitMs ?? READY_LIMIT_MS;
    const output = { baseEnv, onLine: (line: string) => log.write(service.name, line) };
    const startProcess = () =>
      restart
        ? new SupervisedProcess(service, { ...output, readyLimitMs: limitMs })
        : new ServiceProcess(service, output);
    const running =
      service.hosted === undefined
        ? startProcess()
        : new HostedService(service.name, { ...service.hosted, ...output, env: service.env });
    started.push(running);
    onStart?.(running);
    void running.ended.then((how) => {
      if (stopping === undefined) failure.reject(new ServiceDiedError(service.name, how, running.lastLines));
    });
    // `AbortSignal.timeout` would keep a stack that has stopped until the limit.
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), limitMs);
    const isReady = await running.isReady(AbortSignal.any([signal, limit.signal]));
    clearTimeout(timer);
    if (isReady) return;
    signal.throwIfAborted();
    if (limit.signal.aborted) {
      const what = `was not ready after ${limitMs / 1000} s`;
      failure.reject(new ServiceDiedError(service.name, what, running.lastLines));
    }
    return failure.promise;
  };
  for (const service of services) ready.set(service.name, startOne(service));

  try {
    await Promise.race([Promise.all(ready.values()), failure.promise, aborted(signal)]);
    signal.throwIfAborted();
  } catch (error) {
    await stop();
    throw error;
  }
  const readyAfterMs = performance.now() - startedAt;
  return { services: started, readyAfterMs, failed: failure.promise, stop };
}

/** Ports that processes have taken, once none of the others is in TIME-WAIT. */
async function takenPorts(
  services: readonly ServiceDescription[],
  { log, signal }: RunStackOptions,
): Promise<readonly NeededPort[]> {
  const announced = new Set<number>();
  for (;;) {
    const { taken, closing } = await unavailablePorts(services);
    if (taken.length > 0 || closing.length === 0) return taken;
    for (const { port, purpose } of closing) {
      if (!announced.has(port)) log.write(purpose, `${timeWaitText(port)}; waiting`);
      announced.add(port);
    }
    await pause(TIME_WAIT_POLL_MS);
    signal.throwIfAborted();
  }
}

async function stopInReverse(services: readonly StartedService[]): Promise<string[]> {
  const deadline = performance.now() + STOP_LIMIT_MS;
  const stragglers: string[] = [];
  for (const running of [...services].reverse()) {
    // A service that does not stop must not prevent the orderly stop of the others.
    const limit = Math.max(SHORTEST_STOP_MS, deadline - performance.now());
    if (await running.stop(limit)) stragglers.push(running.name);
  }
  return stragglers;
}
