import { setTimeout as pause } from "node:timers/promises";
import type { ServiceDescription } from "./describe-stack.ts";
import { type ProcessOutput, ServiceProcess, type StartedService } from "./service-process.ts";

/** Deaths within {@link DEATHS_WITHIN_MS} after which a service is not restarted. */
const MAX_DEATHS = 5;
const DEATHS_WITHIN_MS = 60_000;
/** Delay before the first restart; doubled for each further death within the same time. */
const FIRST_PAUSE_MS = 500;

/**
 * One service of the stack as a process that is restarted when it dies. A service that dies before
 * it was first ready has `ended`, because its settings do not work. So has one that was ready and
 * died five times within a minute.
 */
export class SupervisedProcess implements StartedService {
  readonly name: string;
  readonly ended: Promise<string>;
  readonly #options: ProcessOutput & { readyLimitMs: number; firstPauseMs?: number };
  readonly #start: () => ServiceProcess;
  readonly #stopping = new AbortController();
  #running: ServiceProcess;
  #wasReady = false;

  /**
   * @param options.readyLimitMs for a restarted process: one that is not ready by then is killed,
   * and has died
   */
  constructor(
    description: ServiceDescription,
    options: ProcessOutput & { readyLimitMs: number; firstPauseMs?: number },
  ) {
    this.name = description.name;
    this.#options = options;
    this.#start = () => new ServiceProcess(description, options);
    this.#running = this.#start();
    this.ended = this.#supervise();
  }

  get pid(): number | undefined {
    return this.#running.pid;
  }

  get lastLines(): readonly string[] {
    return this.#running.lastLines;
  }

  async isReady(signal: AbortSignal): Promise<boolean> {
    this.#wasReady = await this.#running.isReady(signal);
    return this.#wasReady;
  }

  stop(limitMs: number): Promise<boolean> {
    this.#stopping.abort();
    return this.#running.stop(limitMs);
  }

  kill(): void {
    this.#stopping.abort();
    this.#running.kill();
  }

  async #supervise(): Promise<string> {
    const { onLine, firstPauseMs = FIRST_PAUSE_MS } = this.#options;
    const { signal } = this.#stopping;
    let deathsAtMs: number[] = [];
    for (;;) {
      const how = await this.#running.ended;
      if (!this.#wasReady || signal.aborted) return how;
      const now = performance.now();
      deathsAtMs = [...deathsAtMs.filter((atMs) => now - atMs < DEATHS_WITHIN_MS), now];
      if (deathsAtMs.length >= MAX_DEATHS) return `${how}, after ${MAX_DEATHS} starts within a minute`;
      const pauseMs = firstPauseMs * 2 ** (deathsAtMs.length - 1);
      onLine(`${this.name} ${how}. It is started again in ${pauseMs / 1000} s.`);
      await pause(pauseMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return how;
      this.#running = this.#start();
      void this.#watchStart(this.#running);
    }
  }

  async #watchStart(running: ServiceProcess): Promise<void> {
    const limit = AbortSignal.timeout(this.#options.readyLimitMs);
    const isReady = await running.isReady(AbortSignal.any([limit, this.#stopping.signal]));
    if (isReady) this.#options.onLine(`${this.name} is back.`);
    else if (limit.aborted) running.kill();
  }
}
