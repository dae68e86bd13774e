import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { PARENT_PID_VARIABLE } from "service-kit/watch-parent";
import { REPOSITORY_ROOT, type ServiceDescription } from "./stack.ts";

/** How a service ended. `status` is null when a signal ended it. */
export interface ServiceEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

const REMEMBERED_LINES = 15;
const HEALTH_POLL_MS = 50;
const HEALTH_ANSWER_LIMIT_MS = 2000;

/** One service of the stack as a process of its own. */
export class ServiceProcess {
  readonly name: string;
  /** Resolves when the process is gone and its output is read to the end. */
  readonly ended: Promise<ServiceEnd>;
  readonly #description: ServiceDescription;
  readonly #child: ChildProcess;
  readonly #lastLines: string[] = [];
  #hasEnded = false;

  constructor(
    description: ServiceDescription,
    options: { baseEnv: NodeJS.ProcessEnv; onLine: (line: string) => void },
  ) {
    this.name = description.name;
    this.#description = description;
    this.#child = spawn(process.execPath, description.args, {
      cwd: REPOSITORY_ROOT,
      env: { ...options.baseEnv, ...description.env, [PARENT_PID_VARIABLE]: String(process.pid) },
      stdio: ["ignore", "pipe", "pipe"],
      // A process group of its own: Ctrl-C in a terminal reaches every process of a group at once, and the runner stops in order.
      detached: true,
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface({ input: stream }).on("line", (line) => {
        this.#lastLines.push(line);
        if (this.#lastLines.length > REMEMBERED_LINES) this.#lastLines.shift();
        options.onLine(line);
      });
    }
    this.ended = new Promise((resolve) => {
      const end = (status: number | null, signal: NodeJS.Signals | null) => {
        this.#hasEnded = true;
        resolve({ status, signal });
      };
      this.#child.once("error", (error) => {
        this.#lastLines.push(error.message);
        end(null, null);
      });
      this.#child.once("close", end);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The last lines it printed, at most 15, oldest first. */
  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  /** Resolves true once the health URL answers, false when the process ends or `signal` is aborted before that. */
  async isReady(signal: AbortSignal): Promise<boolean> {
    while (!this.#hasEnded && !signal.aborted) {
      if (await answersWell(this.#description, signal)) return !this.#hasEnded;
      await new Promise((resolve) => setTimeout(resolve, HEALTH_POLL_MS));
    }
    return false;
  }

  /** Asks it to stop, and ends it with everything it started when it has not done so after `limitMs`. True when it had to. */
  async stop(limitMs: number): Promise<boolean> {
    if (this.#hasEnded) return false;
    this.#child.kill("SIGTERM");
    const limit = setTimeout(() => this.kill(), limitMs);
    const { signal } = await this.ended;
    clearTimeout(limit);
    return signal === "SIGKILL";
  }

  /** Ends the process group at once. */
  kill(): void {
    if (this.#child.pid === undefined || this.#hasEnded) return;
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // Gone between the look and the call.
    }
  }
}

async function answersWell(
  { healthUrl, healthStatus }: Pick<ServiceDescription, "healthUrl" | "healthStatus">,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const reply = await fetch(healthUrl, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(HEALTH_ANSWER_LIMIT_MS)]),
    });
    await reply.body?.cancel();
    return healthStatus === undefined ? reply.ok : reply.status === healthStatus;
  } catch {
    return false;
  }
}
